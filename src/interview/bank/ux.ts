/** Rows of the question bank; `bank/read.ts` says how they are written. */
export const ux = `
[refactoring] Which message, label or log line that people know changes its words through {feature}, and who searches for it?
  Alarms and support articles quote them to the letter.
[refactoring] Whose daily work gets easier through {feature}, and by which sign would they notice after a month?
  Without a sign nobody can say whether it was worth it.
[refactoring] What does the next developer have to know to put new code into the right piece, and where do they read it?
  Otherwise it grows together again.
[-refactoring] Where do {actors} first meet {feature}, and what do they have to know before it makes sense?
  Nobody reads a manual for it.
[-refactoring] What is on the screen while {feature} works, and what from the second on when it takes long?
  Waiting without a sign is taken for a crash, and clicked again.
  - Nothing: it is always instant
  - A sign: that it works, without how far it is
  - Progress: needs something that can be counted
[-refactoring] What does {feature} show somebody who has no data yet?
  The empty state is the first impression of everybody.
[-refactoring] Which step of {feature} can be undone by the person who did it, and for how long?
  Undo is kinder than a question before it, and costs more to build.
  - All: changes are kept with what was before
  - Some: the others ask first
  - None: then each of them asks
[-refactoring] Which words do {actors} use for what {feature} does, and do the screens and the code use the same?
  Two words for one thing become two things.
[-refactoring-terminal] What do people on a keyboard, a screen reader or a small phone do in {feature} that the design shows with a mouse?
  It is cheap to plan and dear to add.
[-refactoring] Who of {actors} uses {feature} all day and who once a year, and which of them is it made for?
  Shortcuts for the one confuse the other.
  - All day: dense, with shortcuts
  - Once a year: guided, with words
[-refactoring] What does {an actor} do today without {feature}, and which part of that will they miss?
  People compare with what they have, not with nothing.
[things-refactoring] What does a list of {things} look like with none, with one, and with ten thousand?
  Designs show seven.
[things-refactoring-terminal] Which three facts about {a thing} does {an actor} need at a glance, and which may wait for a click?
  Everything at once is nothing at a glance.
[doing-refactoring] What tells {actors} that {doing} has worked, and where do they look for it an hour later?
  A message that is gone after five seconds proves nothing.
  - A message: for what can be seen anyway
  - A list of what was done: for what happens in the background
  - An e-mail: for what takes longer than they stay
[external+auth] {Actors} come back from {external} with an error or by the back button: what do they see?
  The way back is walked by everybody who hesitates.
[auth] Somebody was signed out in the middle of their work: what happens with what they had typed?
  It is the most expensive minute for them.
[messages-refactoring] How often may {feature} write to one person per day, and how do they stop it without losing what matters?
  The first flood makes them switch off all of it.
  - Each event: only for what needs an answer
  - A digest: once a day, with a summary
  - They choose: a page of settings to build and explain
[cli] Which of the flags of {feature} will be typed ten times a day, and does it have a short form and a safe default?
  The default is what nearly everybody uses.
[cli] What does {feature} print when all went well, and what when its output goes into a pipe?
  Colours and progress in a pipe break scripts.
[search] What does {an actor} see who finds nothing: a reason, a near match, a way to ask?
  Nothing found is mostly a typing error.
[uploads-terminal] Can a file be dragged, pasted and taken by a phone's camera, or only chosen?
  On phones there is often nothing to choose from.
[charging-refactoring] At which point does {an actor} see the whole amount with taxes, and can it still change after that?
  Surprises at the last step are where they leave.
[language] Which texts get longer by half in another language, and does the layout bear it?
  German and Finnish find every fixed width.
[reports] Which decision does {an actor} take from the report, and would a single figure do?
  A chart nobody decides from is decoration.
[live] What does {an actor} see when somebody else changes what they look at?
  Things that move while being clicked make wrong clicks.
[api-refactoring] What does a developer who gets a 400 from {feature} read in the answer, and does it name the field?
  The error text is the manual that is read.
[webhooks] What does somebody see whose endpoint was switched off because of failures, and how do they switch it on again?
  They notice it days later, by data that is missing.
`;
