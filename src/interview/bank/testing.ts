/** Rows of the question bank; `bank/read.ts` says how they are written. */
export const testing = `
Which mistake in {feature} would hurt most, and which test would go red because of it?
  It is the test to write first.
[refactoring] Which tests hold today's behaviour down before the first line moves, and where is there none?
  What no test sees changes unseen.
Which part of {feature} can't be tested by a machine, and who looks at it before each release?
  What is nobody's task is not done.
What is the truth that {feature} is tested against: a specification, the old behaviour, or examples somebody has checked?
  Tests written from the code prove only that it is what it is.
  - A specification: cases are derived from it
  - The old behaviour: record it before it changes
  - Checked examples: somebody has to check them
[-terminal] What is replaced by a fake in the tests of {feature}, and how do we notice that the real one behaves differently by now?
  Fakes age without a sign.
Where does test data for {feature} come from, and may it look like real people's data?
  Invented data lacks the oddities, copied data must not leave.
  - Invented: by hand, small, with the odd cases named
  - Generated: many, from rules, repeatable
  - Taken from production: cleaned, with somebody who vouches for it
Which time, randomness or order does {feature} depend on, and how does a test hold it still?
  A test that fails once a week is switched off in the end.
[-refactoring-terminal] How do we find out within an hour of the release that {feature} does not work for somebody?
  Tests say nothing about what production has that they have not.
Which property holds for every input of {feature}, so that a generator may look for the one that breaks it?
  One property finds what forty examples don't.
[things] Which oddest of the real {things} has to be in the tests: the oldest, the largest, the one with an apostrophe?
  Every old system has one that breaks each new feature.
[doing] Which test shows that {doing} twice has the effect of doing it once?
  It is the case that is seen first in production.
[external] Is there a place at {external} to test against, and what differs there from the real one?
  Sandboxes have other limits, other errors and no history.
  - A sandbox: slow, and not for every run
  - Recorded answers: quick, with a date of recording
  - A fake of ours: full control over failures
[storage] Against which database do the tests run, and does a migration run in them on a copy of real size?
  A migration that is quick on ten rows locks a table of ten million.
[jobs] How is a job tested that is killed at its worst moment?
  The worst moment comes with every release.
[auth] Which test proves that somebody without the right gets nothing: no data, no count, no hint?
  Tests of rights mostly test those who have them.
[money] Which amounts are in the tests: zero, one cent, a third, the largest, another currency?
  Rounding shows at thirds and at sums.
[ui] Which way through {feature} is tested in a real browser, and which only in pieces?
  Each browser test costs minutes for ever.
  - The main way: one test, kept stable
  - All ways: slow, found to be flaky
  - None: then somebody clicks through before each release
[time] Which dates are in the tests: 29 February, the last of a month, the hour that happens twice?
  They come without being asked.
[performance] At which size does a test fail for being slow, and on which machine does it run?
  A limit nobody measures is a wish.
[concurrency] How does a test make two of them happen at the same moment, every time?
  Luck finds races in production only.
[cli] Is the output compared to the letter, and who looks at the difference when it changes?
  Scripts of others compare it to the letter.
[imports] Which real files, from which programs, are the samples?
  Every program has its own idea of CSV.
[ai] What is a good enough answer, who has judged a hundred of them, and what runs at each change of the prompt?
  Without a measure every change feels like progress.
[search] Which twenty searches, with the answers people expect, are kept as a test?
  Changes of ranking are seen nowhere else.
[webhooks] Against which misbehaving receiver do the tests run: slow, redirecting, answering 200 with an error, closing early?
  Well-behaved ones are the exception.
`;
