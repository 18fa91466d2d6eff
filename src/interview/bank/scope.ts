/** Rows of the question bank; `bank/read.ts` says how they are written. */
export const scope = `
[refactoring] What is the smallest step of {feature} that could be merged by itself, and what does it leave as it is?
  One change of everything can't be reviewed, and is out of date each morning.
[refactoring] Which fault of today's code has to survive {feature}, because somebody relies on it by now?
  No change of behaviour includes the behaviour nobody wanted.
[-refactoring] What is the smallest version of {feature} that {actors} would already use, and what of the rest may come later?
  Without a cut, everything the text names is version one.
Which behaviour of today must {feature} leave exactly as it is, even where changing it would be easier?
  What is not said to be fixed gets changed by accident.
[-refactoring] What will people expect of {feature} that we will not build, and where do they learn that it is not there?
  Silence about it comes back as a bug report.
[-refactoring-terminal] Who stays without {feature} at first: which roles, plans, platforms or regions?
  It decides whether access rules and a switch are part of this.
  - Nobody: everyone gets it at once, no switch needed
  - A chosen few: a list or a flag decides, and has to be built
  - By role or plan: the check belongs into the code for good
[-refactoring] What sets {feature} off: a person, a schedule, or something that another system does?
  Each trigger has its own way of failing and of being watched.
  - A person: somebody sees the outcome at once
  - A schedule or event: nobody looks, so failures need an alarm
  - Another system: its retries and duplicates become ours
Which request will come the week after {feature} is there, and should this version leave room for it?
  Room costs little now where we know of it, and a rewrite later where we don't.
If {feature} turns out twice as large as thought, which part is cut first?
  Agreed now it is a choice, later it is whatever is unfinished.
[-refactoring] Does {feature} have to run unattended from the first day, or is a person at hand while it is young?
  Unattended means alarms, limits and repair are in scope.
  - Unattended: alarms, limits and a way to repair are part of this
  - Somebody watches: a log and a manual switch are enough at first
[things-refactoring] Which {things} does {feature} cover: all that exist today, only new ones, or those that {actors} choose?
  It decides whether there is a backfill at all.
  - All existing: a backfill with its own load and failures
  - Only new ones: old and new have to be told apart for good
  - Chosen ones: {actors} need a place to choose
[doing-refactoring] What do {actors} do right after {doing}, and is that next step part of this?
  A result that leads nowhere is where {actors} get stuck.
[external] Is {external} the only one to connect, or the first of several?
  A second one later decides between a plain call and an interface of our own.
  - The only one: talk to it directly, no layer in between
  - First of several: an interface of ours, with {external} behind it
[roles-refactoring] Which role may see {feature}, which may use it, and which may change how it works for others?
  Three rights that are easily taken for one.
[replacing] After which event is the old way switched off, and who decides that it has happened?
  Without an end both ways are kept alive.
[deleting] Does deleting here mean gone for good, hidden, or kept for a while?
  The three differ in storage, in law and in what undo means.
  - Gone at once: no way back, and nothing left to leak
  - Hidden: every query has to leave it out from now on
  - Kept, then purged: a period, and a job that purges
[ui] On which screens does {feature} appear, and on which does it stay away on purpose?
  Each further screen has its own empty, busy and error state.
[api-refactoring] Is the interface of {feature} for our own clients only, or promised to others?
  A promise needs versions and can't be changed with our own release.
  - Our clients only: change both sides in one release
  - Promised to others: versioned and documented from the start
[cli-refactoring] Is {feature} meant for people at a terminal, for scripts, or both?
  Scripts need stable output and exit codes, people need words.
  - People: readable text, colours, prompts
  - Scripts: one format, exit codes, no prompts
  - Both: prompts only on a terminal, a flag for the format
[exports] Does it have to go both ways: what {feature} writes out, is it read back in?
  A round trip rules out formats that lose something.
  - One way: keep the format simple
  - Both ways: every field has to survive the trip
`;
