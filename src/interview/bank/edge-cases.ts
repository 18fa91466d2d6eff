/** Rows of the question bank; `bank/read.ts` says how they are written. */
export const edgeCases = `
[refactoring] Which odd input does the old code get right by accident, and which test would show that the new code does not?
  Nobody moves on purpose what nobody knew was there.
[-refactoring] What does {feature} do with nothing: no input, an empty list, a name of spaces only?
  Nothing is the most common odd input.
[-refactoring-terminal] {Actors} set off {feature} twice, or from two tabs at once: what happens the second time?
  Slow answers make everybody click again.
  - Nothing: the second is recognised as the same
  - An error: that says it is done already
  - It happens twice: only where that is harmless
[-refactoring-terminal] What if the one who started {feature} is gone before it ends: signed out, disabled, deleted?
  Whose rights apply then is decided by accident otherwise.
[-refactoring] Which two steps of {feature} may arrive in the wrong order, and what is the state then?
  Networks and queues promise no order.
Which value is legal for {feature} and nobody thinks of: negative, zero, very long, from the future, in another script?
  It is found by the first user who has it.
[-refactoring] What does {feature} do with itself: can it be pointed at its own output, its owner, its parent?
  Circles hang where nobody has looked for them.
What happens at exactly the limit, one below it, and one above it?
  Whether the limit is still allowed is asked by the first who reaches it.
[-terminal] Which state can data be in today that the screens no longer allow to make?
  Old data breaks new rules.
[things-refactoring] {A thing} is deleted or changed by somebody else while {feature} is working with it: what counts?
  Long work meets changed data.
  - As it was at the start: a copy is kept meanwhile
  - As it is at the end: checked again before writing
  - A conflict: that somebody decides
[things-refactoring] What if there are two {things} with the same name?
  Names are chosen by people.
[doing-refactoring-terminal] Is {doing} allowed on what is archived, locked, shared or in the middle of something else?
  Each of these states was added after the rules were written.
  - Yes: the state does not matter
  - No: with a message that says what to do first
[external] What if {external} sends the same event twice, a day late, or for something we don't know?
  All three are in its documentation, in the small print.
[external] Somebody disconnects {external} while work with it is under way: what becomes of that work?
  It ends with errors that look like ours.
[auth] What if one person has two accounts, or two people share one?
  Both exist in every system.
[roles-refactoring] The last admin leaves or is demoted: who can still change anything?
  Locked out customers are let in by hand.
[money] What about amounts of zero, a currency without cents, and a refund larger than what is left?
  They are legal, and they break sums.
[time] What happens to something due at a moment when the system was down?
  Catching up sends yesterday's mail.
  - Done late: once, when it is up again
  - Left out: until the next time
  - Asked: somebody decides
[uploads] What about a file of zero bytes, one with the wrong ending, and a name with slashes or emoji in it?
  Names from elsewhere are data, not paths.
[imports] Two lines of one import are about the same thing: which one counts?
  Exports from spreadsheets have them.
[search] What is found for an empty search, a single letter, and a search for % or a quote?
  They are typed on the first day.
[language] What about right-to-left text, combined characters, and names that change their length in upper case?
  Cut in the middle, they become other words.
[live] Two people change the same line within a second: what does each of them see?
  Who typed last has not seen the other's.
[limits] Is the limit counted before or after a failed try, and when exactly does the window begin?
  At the turn of the window twice as much gets through.
[cli] What does {feature} do when it is interrupted by Ctrl-C, when the disk is full, and when the reader of its pipe leaves?
  All three happen to every tool.
[messages] The recipient's address is gone, full or wrong: who learns of it?
  Nobody reads the mailbox that bounces go to.
[webhooks] What counts as delivered: any answer, only a 2xx, and what about one that arrives after our time limit?
  Both sides then believe something else.
`;
