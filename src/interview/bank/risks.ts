/** Rows of the question bank; `bank/read.ts` says how they are written. */
export const risks = `
What about {feature} are you least sure of, and what would it take to know by tomorrow?
  An afternoon of trying is cheaper than a week on a wrong guess.
  - Try it out: a throw-away version of the hardest part
  - Ask: somebody who knows, named here
  - Measure: what is there today
Which assumption behind {feature} would, if it is wrong, make most of the work useless?
  It is to be checked first.
Which decision in {feature} can't be taken back once there is data or a client of it?
  These are worth a discussion, all others are worth a try.
What has been tried before in the place of {feature}, and why is it not there?
  The reason is mostly still true.
[-terminal] On whom outside the team does {feature} depend, and what do we do if they are not ready?
  Waiting is a plan only if it is written down.
Which part of the code that {feature} touches does nobody here understand any more?
  There the estimate is wrong.
What would an experienced colleague object to in {feature}, and what is the answer?
  Heard now, it costs an hour.
Which law, contract or promise to customers does {feature} touch?
  Who has to be asked takes longest to answer.
[things-refactoring] What is the worst that {feature} could do to existing {things}, and could we restore them?
  A backup that was never restored is not known to be one.
[external] What if {external} changes its terms, prices or interface next year?
  All three have happened to others.
  - We leave: what is ours, and in which format
  - We pay: up to which price
  - We adapt: who watches its announcements
[replacing] At which point is it too late to stop, and what is the check just before it?
  Halfway is the most expensive place to be.
[personal] Who has to agree to this use of personal data, and has anybody asked?
  It is asked last and takes longest.
[ai] What is the harm of a wrong answer of the model, to whom, and who answers for it?
  The one who shipped it does.
[storage] How would we notice data that was slowly damaged by {feature}, and how far back do the backups go?
  Slow damage is found after the last good backup.
[charging] What is the most that a mistake in {feature} can cost in one night?
  It says how much care is worth it.
[live] What happens to the rest of the system when all clients reconnect at once?
  It is the one load test that production does for free.
[auth] Which account, if it were taken over through {feature}, would hurt most?
  The protection has to be enough for that one.
[jobs] Which job would do damage if it ran twice, or a month late?
  Queues do both one day.
[library] Who uses this in a way that we never meant, and would break?
  With enough users every behaviour is relied upon.
[file] Who else is changing {file} at the moment?
  Two designs meet in one file on the day of the merge.
`;
