/** Rows of the question bank; `bank/read.ts` says how they are written. */
export const errors = `
Which failure of {feature} would nobody notice for a week, and what would make it visible?
  Silent failures cost the most, since their damage adds up.
[refactoring] Which errors does the old code swallow or turn into others, and does the new code go on doing so?
  Callers have learnt to live with exactly these.
[-refactoring] When {feature} fails halfway, what is left behind, and who cleans it up?
  Half-done work is the state that no screen was made for.
  - Nothing: everything happens in one transaction
  - Marked as incomplete: a job or a person finishes it
  - Left as it is: harmless, and found again by a check
[-refactoring] After how many tries, and over how long, does {feature} give up, and what happens then?
  Without an end it tries for ever, with everybody else's load.
  - No retry: the caller decides
  - A few with growing pauses: then it is an error that is seen
  - Until done: only with a queue, and an alarm on its age
[-refactoring] Which errors of {feature} does {an actor} get to see, in which words, and what should they do then?
  An error without a next step is a support ticket.
[-refactoring-terminal] Who is told when {feature} is down at night, and what would they do first?
  The answer is the runbook, or shows that there is none.
[-refactoring] Which part of the system must go on working while {feature} does not?
  It draws the line where failures have to be caught.
[-terminal] How is {feature} switched off in a hurry, by whom, and what happens to work that is under way?
  The first incident needs it within minutes.
  - A flag: checked at each start of work
  - A release: minutes to hours
  - Not at all: then it must never harm the rest
[-refactoring] Which wrong result of {feature} would be worse than no result?
  There it has to stop instead of guessing.
[external] What does {feature} do while {external} is slow or down: wait, fail, or work with what it has?
  Its outages are certain; only their date is not.
  - Wait: with a limit in seconds, and a sign that it waits
  - Fail at once: with a message that names {external}
  - Work with old data: marked with its age
[external] What if {external} says yes, and our answer to the user is lost on the way?
  The user tries again, and it happens twice.
[doing] What remains when {doing} is interrupted in the middle, and can {actors} go on from there?
  Starting over is only fair when it takes seconds.
  - Start over: nothing is kept
  - Go on: progress is kept for a stated time
[things-refactoring] One of many {things} is broken: does {feature} stop, skip it, or set it aside for somebody?
  One bad record must neither block the rest nor vanish.
  - Stop: nothing after it is done
  - Skip and report: the list of skipped ones goes to a person
  - Set aside: a place for them, and a way to try again
[storage] What happens when writing succeeds and the step after it fails?
  Two systems without a common transaction will disagree one day.
[jobs] Which job has failed so often that it must not be tried again, and where does it go?
  A poisonous job kills worker after worker.
[charging] A charge has gone through and our record of it has not: who finds out, and how is it settled?
  Reconciliation is a feature, not a repair.
[messages] A message could not be delivered: does anybody have to know, and is it ever sent late?
  Some messages are worse late than never.
  - Try again for a while: then drop it, with a log
  - Never late: drop it at once
  - Tell the sender: they choose another way
[uploads-terminal] An upload breaks off at 90 percent: what is kept, and for how long?
  Leftovers fill the disk, and resuming needs them.
[auth] {Actors} can't sign in because of us: is there another way in for them, and for us?
  The team that repairs it signs in the same way.
[live] The connection is lost and comes back: does the user see it, and what of their typing is kept?
  On a train it happens every minute.
[ai] The model gives a confident wrong answer: who notices, and can it be corrected for the next one?
  A wrong answer looks just like a right one.
[imports] Line 812 of 10,000 is wrong: what happens to the 811 before it?
  Half an import is hard to repeat and hard to undo.
  - All or nothing: checked first, then applied
  - Keep the good ones: with a report of the others
[cli] Which failures of {feature} have an exit code of their own, and what is printed where?
  Scripts see the code, people see stderr.
[webhooks] A receiver has been down for a day: are all events of that day sent at once when it is back?
  The flood takes it down again.
  - All, slowly: at a rate that it bears
  - Only the latest: for what is overwritten anyway
  - None: it asks for what it missed
`;
