/** Rows of the question bank; `bank/read.ts` says how they are written. */
export const migration = `
What do people, scripts or other teams do today that stops working with {feature}?
  They are asked now, or they call later.
[-refactoring] How do we go back one version after {feature} has been used for a day, and what happens to what it wrote?
  A rollback that was never tried is a hope.
  - Just go back: old code ignores what is new
  - Go back and convert: a script, tried on a copy
  - No way back: then it is switched on step by step
[-terminal] In which order are database, server and clients released for {feature}, and does each state in between work?
  For some minutes all of them run at once.
[-terminal] Is {feature} behind a flag, who may switch it, and on which date is the flag removed?
  Flags without an end become settings nobody understands.
  - No flag: small enough to release and revert
  - Flag for the roll-out: removed when everybody has it
  - Flag for good: then it is a setting, with a page
[-refactoring-terminal] What has to be told to whom before {feature} is switched on: support, customers, partners, the operators?
  Who hears of it from a user has no answer.
Which documents, screenshots and examples become wrong through {feature}?
  They are part of the work or stay wrong.
[-refactoring-terminal] Which client versions are in use that never heard of {feature}, and what do they do with its data?
  Apps on phones are months behind.
What can be deleted when {feature} is there, and who does it when?
  What is left over for later is left for good.
[things-refactoring-terminal] Do {things} from before {feature} get its new fields, with which value, and is unknown allowed?
  A made-up default can't be told from a real value afterwards.
  - Unknown is allowed: code has to deal with it for ever
  - A default: say which, and who agreed
  - Worked out: a backfill with its own tests
[storage-refactoring] How long does the migration take on real data, and is something locked meanwhile?
  It runs at the moment with the most attention.
[storage-refactoring] Can the migration be stopped and gone on with, and how is it seen how far it is?
  A long one gets interrupted.
[replacing] Who still uses the old way, how is that counted, and what do they get instead?
  The last five percent take half of the time.
[replacing] Do old and new give the same result for the same input, and who looks at the differences?
  Some of the old mistakes are relied upon.
  - The same: compared on real input before the switch
  - Better in known cases: listed, and agreed with those who see them
[external+auth] What happens to {actors} who are connected to {external} already, by hand or by an older way?
  They are the ones who get it twice.
[auth] How do {actors} with an existing account come to the new way of signing in, and what if they can't?
  It must not become a way into other people's accounts.
[api] What does a client see that sends the old request, and until when?
  Old clients are out of our hands.
  - It works for good: two forms to maintain
  - It works until a date: announced in the answer's headers
  - An error: that names the new form
[library] Is this a major version, and what does the compiler or a warning tell those who upgrade?
  A change that is found at run time is found by users.
[config] What does a configuration file from last year mean with {feature}, and is an unknown key an error?
  Upgrades must not need an editor.
[jobs] What about jobs that were queued by the old version and are run by the new one?
  During a release both versions read the queue.
[uploads-terminal] Where do files that exist already go, and do their old addresses still work?
  Links live in mails and documents for years.
[charging-refactoring] What applies to what was bought before: old price, old terms, old tax?
  The date of the contract decides, not the date of the release.
[deleting-refactoring] What was deleted before and must not come back through {feature}?
  Backfills read from places that still have it.
[messages-refactoring] Does switching it on send something to everybody at once, and how is that prevented?
  The first run finds years of old events.
[webhooks] Which receivers rely on the payload as it is today, and how do they learn of a new field or version?
  They are code of other people, released when it suits them.
`;
