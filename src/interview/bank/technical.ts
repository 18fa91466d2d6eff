/** Rows of the question bank; `bank/read.ts` says how they are written. */
export const technical = `
[refactoring] In which order are the pieces of {feature} moved, so that the code works after each of them?
  A branch that works only at its end is merged blind.
[refactoring] Which values do the pieces hand to each other after {feature} that they reach for themselves today?
  What is shared without being passed is what ties them together.
[-refactoring] What identifies one unit of work in {feature}, so that doing it a second time is noticed?
  Retries and double clicks are only harmless with such a key.
[-refactoring] Which state does {feature} keep, where does it live, and what may rebuild it when it is lost?
  State that can't be rebuilt needs backup and a migration path.
Which steps of {feature} have to happen together or not at all?
  It draws the transaction, and decides what is repaired afterwards.
[-refactoring] Which rule in {feature} is most likely to change, and who should be able to change it without a release?
  It belongs into data or settings instead of code.
  - Only developers: constants in code, changed by a release
  - Operators: a setting, checked when it is read
  - {Actors}: data of their own, with a place to edit it
Which inputs does {feature} trust as they are, and which does it check itself?
  What everybody leaves to somebody else is checked by nobody.
[-refactoring] In which order do the steps of {feature} have to become visible to others?
  Readers see half of it wherever the order is left open.
Which existing code should {feature} build on, and which part of it is known to be too weak for that?
  A shortcut through weak code is paid for by this feature.
[-refactoring] What does {feature} need to know about the past: only the current value, or how it came to it?
  History can't be added afterwards for what was overwritten.
  - Current value: overwrite, no history
  - History: append, and decide how long it is kept
[things] What makes two {things} the same one: an id, their content, or the place they came from?
  Duplicates are decided by it, and so is what an update means.
  - An id: it has to be stable and ours
  - Content: a hash, and a rule for tiny differences
  - Origin: two sources may hold the same without it being a duplicate
[things] What states does {a thing} go through, which of them are final, and which may be left only by a person?
  A missing transition shows up as {things} that are stuck.
[doing] While {doing} is going on, may the same data be changed by somebody else, and whose change wins?
  Last one wins loses work without anybody seeing it.
  - Last one wins: simple, loses work silently
  - First one wins: the second gets a conflict to solve
  - Locked meanwhile: somebody may wait, and locks have to expire
[external] Which fields of {external} do we keep a copy of, and when is a copy too old to be used?
  Every copy is a cache that somebody has to invalidate.
[storage] What is the size of this data in two years, and which query has to stay quick then?
  It decides indexes, and whether one table is enough.
[jobs] If a worker dies in the middle, does the next one start over, go on, or leave it for a person?
  Only what can be repeated may start over.
  - Start over: each step must be harmless when repeated
  - Go on: progress is written down after each step
  - Leave it: somebody has to be told, with what is half done
[cache] Which event makes a cached value wrong, and how long may a wrong one be shown?
  A time limit alone means wrong for that long.
  - Never wrong: invalidated by the event itself
  - Some seconds: a short time limit is enough
  - Until reload: say so on the screen
[time] In whose time zone is a day counted, and what happens on the days with 23 and 25 hours?
  Twice a year it runs twice or not at all.
  - UTC: same for all, midnight is odd for most
  - Each one's own: needs a zone per account and its changes
  - One fixed zone: simple, has to be shown
[money] In which unit are amounts kept, who rounds, and at which step?
  Rounded twice, sums differ from their parts.
  - Smallest unit, whole numbers: exact, needs the currency beside it
  - Decimal type: exact where the database and the code both have it
[search] What does a search for {feature} match: whole words, beginnings, typing errors, other spellings?
  It decides between a query and an index of its own.
[imports] Is a whole file read before the first line is used, or line by line?
  Whole files are checked first and need the memory, streams are half applied when line 9,000 is wrong.
  - Whole file first: all or nothing, bounded by memory
  - Line by line: any size, with a report of what was applied
[concurrency] What is the unit of locking, and how long may it be held at most?
  Too coarse it is slow, too fine it deadlocks, without a limit it hangs.
[live] What does a client get that was away for a minute: everything since, the current state, or nothing?
  Missed messages are the normal case on phones.
  - Everything since: a log with positions
  - Current state: a snapshot on connect
  - Nothing: only for what nobody misses
[ai] What happens to an answer of the model that does not fit the expected form?
  It will happen, at the worst on the first day.
[limits] What is counted for the limit: requests, {things}, bytes or money, and per what: key, account, address?
  A limit on the wrong thing blocks the honest and misses the others.
[language] Which texts are translated, who translates them, and what is shown where a translation is missing?
  A missing key in production is seen by those who can't report it.
[webhooks] In which order do events have to arrive, and what tells the receiver that one is missing?
  With retries, the second one mostly arrives before the first.
  - No order: each event carries the whole state
  - In order per {thing}: one that fails holds up those behind it
  - Numbered: the receiver sees the gap and asks
`;
