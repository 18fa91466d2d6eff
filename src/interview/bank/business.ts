/** Rows of the question bank; `bank/read.ts` says how they are written. */
export const business = `
Which problem, in the words of somebody who has it, goes away with {feature}?
  It is the sentence that settles later disputes.
What changed that makes {feature} worth doing now and not a year ago?
  If nothing did, it can wait.
What does it cost, and whom, if {feature} is never built?
  Everything else is measured against it.
Who is {feature} explicitly not for?
  Pleasing them too is what makes it large.
Which figure is better a month after the release, by how much, and who reads it?
  Without it nobody knows whether it was worth it.
Which figure must not get worse because of {feature}?
  Every gain is taken from somewhere.
What do {actors} give up, pay or change to get {feature}, and why would they?
  It has to be less than what they gain.
Which obligation applies: contract, law, accessibility, retention, audit?
  It can't be cut, so it is to be known first.
What is more important when both can't be had: that {feature} is right, that it is quick to use, or that it can grow?
  Everybody on the way decides by it.
  - Right: slower, checked, refused when in doubt
  - Quick to use: some mistakes, undone easily
  - Can grow: more structure than today needs
Who decides when two wishes about {feature} contradict each other?
  One name saves a week each time.
What happens to trust if {feature} is rough at first, and whom is it shown to then?
  Some groups forgive, others leave.
  - A few who asked for it: rough is fine, they say what is wrong
  - Everybody: then it has to be finished
Which other plan gets later because of {feature}, and do its people know?
  They will ask, and it is better heard from you.
What will sales, support or the website say about {feature} in one sentence?
  If it takes three, it does too much.
Which wish about {feature} do we refuse for good, so that nobody has to argue it again?
  A written no is worth a lot.
`;
