/** Rows of the question bank; `bank/read.ts` says how they are written. */
export const architecture = `
[refactoring] Which of the parts may know which others after {feature}, and what stops the import that breaks it?
  A line that nothing checks is crossed within a month.
[refactoring] Which callers reach past the public functions today, and what do they get instead?
  They are found by what breaks, unless they are counted first.
[-refactoring-terminal] Which part of the system owns the decisions of {feature}, and which parts only ask it?
  Rules in two places drift apart.
[-refactoring] Where is the line behind which {feature} could be replaced without its callers noticing?
  It is the interface to write down and to test.
Which dependency would {feature} add, and what is the plan when that one is no longer maintained?
  Adding it is a line, removing it is a project.
  - None: what is there has to do
  - A small one: could be copied in if it dies
  - A large one: a commitment, decided by more than one person
[-refactoring] Who calls {feature}, whom does it call, and in which of these directions may it never wait?
  A wait in the wrong direction takes the caller down too.
[-refactoring] What may be known about {feature} elsewhere: its data, its events, or only its answers?
  Others' queries on its tables make every later change a coordinated one.
  - Only its answers: a function or an endpoint, nothing else
  - Its events: a contract with versions
  - Its data: shared tables, changed together
[-refactoring] Where are the settings of {feature} read, and does a change need a restart?
  A setting read in three places has three values for a while.
  - At start: simple, a change is a restart
  - While running: needs checking and a way back
[-refactoring] Does {feature} run in the existing process, in one of its own, or at the client?
  It decides what a crash of it takes along.
  - Existing process: shares memory, crashes and releases
  - Its own: isolated, and one more thing to run
  - At the client: no load for us, and nothing of it can be trusted
Which two parts of {feature} could be built by two people at once without touching the same files?
  It is where the tasks are cut.
[file-refactoring] {File} exists already: does {feature} extend it, stand beside it, or take its place?
  Two ways to do the same thing is the most expensive outcome.
  - Extend it: its present callers have to go on working
  - Beside it: say which of the two is for what
  - Take its place: its callers are moved as part of this
[external] Where in the code does the first line that knows {external} stand, and what lies on our side of it?
  Its names and error codes spread unless they are stopped there.
[external] Does {external} call us, do we ask it, or both, and which of the two is the truth when they differ?
  Two channels deliver in two orders.
  - It calls us: needs a public address and a check of the sender
  - We ask: needs a period, and is late by it
  - Both: calls for speed, asking to repair what was missed
[things] Which part of the system is the source of truth for {things}, and which hold copies?
  Without one source, repair means guessing.
[storage] Do {things} get a table of their own, fields on an existing one, or a store of another kind?
  The choice is hard to change once there is data.
  - Own table: clean, one more join
  - Existing table: quick, and locked during the migration
  - Another store: two systems to keep in step
[api-refactoring] Does the caller wait for the outcome of {feature}, or get an id to ask with?
  A call that waits is cut by the first proxy with a limit.
  - Wait: only if it always ends in a few seconds
  - An id: a status to ask for, and a place to keep results
  - A call back: the caller has to be reachable
[jobs] Which queue or scheduler does {feature} use, and what else waits behind it when it is slow?
  One slow kind of job delays all others in a shared queue.
  - The existing one: no new part, shared delays
  - Its own: isolated, one more to watch
[ui] Which state of {feature} lives in the address, which in the page, and which on the server?
  It decides what survives a reload and what can be sent to a colleague.
[library] Which names of {feature} become public, and what is promised about them?
  What is exported is used, and then can't be changed.
[live] How many connections may one server hold, and what moves them when it is restarted?
  Every release reconnects everybody at the same second.
[config-refactoring] Is the setting of {feature} per installation, per account or per person, and which one wins?
  A rule of precedence is asked for by the first conflict.
[replacing] Is there a time when old and new run side by side, and which one answers then?
  A comparison of the two is the cheapest proof there is.
  - Old answers, new is compared: safest, twice the work
  - New answers, old as fallback: needs a switch
  - One cut: simple, with a rollback that is rehearsed
[webhooks] Is an event written down in the same transaction as what it tells of?
  Otherwise some are sent for what was rolled back, and some are never sent.
  - Same transaction: an outbox that a job empties
  - Afterwards: a crash in between loses the event
`;
