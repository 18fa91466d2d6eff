/** Rows of the question bank; `bank/read.ts` says how they are written. */
export const security = `
[refactoring] Which check of rights or input stands in this code today, and where does it stand after {feature}?
  A check that moves away from its use is left out by the next caller.
[refactoring] Which secret or personal value passes through the code that is moved, and which log may it get into on its new way?
  New functions log their arguments.
[cli] What may {feature} read, overwrite or delete with the rights of the one who runs it, and what does it refuse to touch?
  A tool has all the rights of its user, and a wrong path is enough.
[cli+deleting] What is asked before {feature} takes something away, and how does a script say yes?
  A question stops a script for ever, none takes the wrong folder.
  - Asked on a terminal: and a flag for scripts
  - Never asked: shown first, done with a flag only
  - Not at all: everything can be brought back
[-refactoring-terminal] Who must not be able to use {feature}, and at which place in the code is that decided?
  A check in the screen alone is no check.
[-refactoring-terminal] What could somebody do with {feature} who is signed in, allowed to use it, and means harm?
  Most abuse is done with proper rights.
[-refactoring] Which input of {feature} comes from people we don't know, and where does it end up: a query, a page, a file name, a command, a log?
  Each of these needs another kind of escaping.
[-refactoring] Which data does {feature} show or send that its reader could not see before?
  A new way to the same data goes around the old checks.
[-refactoring-terminal] What has to be written down about each use of {feature}: who, when, what before and after, and for how long?
  What was not logged can't be proved afterwards.
  - Nothing: nobody will ever ask
  - Who and when: enough for most disputes
  - Before and after too: needs storage and its own access rule
[-refactoring-terminal] Which secret does {feature} need, where is it kept, and how is it changed without an outage?
  A secret that can't be changed quickly stays after a leak.
[-refactoring-terminal] What stops {feature} from being called ten thousand times by a script?
  Cost and spam come through the same door as use.
  - Nothing: harmless and cheap even then
  - A limit per account: honest users never reach it
  - A limit per address too: for what needs no account
[-refactoring] If {feature} were the way in for an attacker, what would they reach next?
  It says which rights it should run with.
[things-refactoring-terminal] Can {an actor} reach {things} of somebody else by changing an id in the request, and which check stops that?
  It is the most common hole in features like this.
[doing-refactoring-terminal] Does {doing} need a second confirmation or a fresh sign-in for some of it?
  Sessions are left open on shared machines.
  - No: it can be undone
  - Confirm: for what can't be undone
  - Sign in again: for what moves money or access
[external+auth] Which rights do we ask {external} for, and what could be done with them if our copy leaked?
  Asking for less is free now and hard later.
[external] How do we know that a call that says it is from {external} is?
  A public address is called by everybody.
  - A signature over the body: with a limit on its age
  - A secret in the address: leaks into logs
  - Asking back: slower, and certain
[auth] Two identities have the same e-mail address: are they one account, and who proved that address?
  Joining them by address alone hands accounts over.
  - Never joined: two accounts, and support explains it
  - Joined after proof: signed in with the old one first
  - Joined if verified by the provider: as good as its word
[auth] How is a session ended everywhere: by {an actor}, by an admin, and when rights are taken away?
  Tokens that can't be revoked outlive the employee.
[roles-refactoring] When a right is taken away while somebody is at work in {feature}, when does it take effect?
  At the next click or at the next sign-in is a difference of days.
  - At the next request: rights are read each time
  - At the next sign-in: quick, and late by a session
[personal] Which personal data does {feature} keep that it could do without, and when is it deleted?
  What is not kept needs no consent, no export and no deletion.
[uploads-terminal] What makes sure that an uploaded file is what it says, and can't be run or shown as a page of ours?
  A name and a content type are claims of the sender.
[charging] Who may change an amount after the fact, and does a second person have to agree?
  The wrong amount is more often changed from inside.
[ui] Which text typed by one user does {feature} show to another?
  It is where scripts get in.
[ai] What happens when the text given to the model contains instructions of its own?
  Anything the model can call is then called by strangers.
[sheets] May an exported cell begin with =, + or @, and who opens it in a spreadsheet?
  Formulas from strangers run at the reader's desk.
[library] Which input from a caller's own users passes through {feature} unchecked?
  Callers believe that the library does it.
[config] Which setting of {feature} would be dangerous in the wrong hands, and who can set it?
  Settings are rights under another name.
[webhooks] May a receiver's address point into our own network, or redirect there, and what checks it at the time of the call?
  It makes our server ask what an outsider could not.
`;
