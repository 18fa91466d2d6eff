/** Rows of the question bank; `bank/read.ts` says how they are written. */
export const performance = `
[refactoring] Which path through this code runs most often, and by how much may {feature} slow it down?
  A call more in the inner loop is found by the bill.
[refactoring] Which query or file access is made once today and would be made several times after {feature}?
  Pieces that know nothing of each other load the same thing twice.
[-refactoring] How often is {feature} used on a normal day, and by how much more on the worst one?
  The worst day decides the design, the normal one decides the cost.
[-refactoring] How long may {feature} take before {actors} think it is broken?
  Below it a spinner is enough, above it the work has to move to the background.
  - Under 200 ms: nothing but memory and one query
  - A second or two: a sign that it works
  - Longer: in the background, with a result to come back for
[-refactoring] What grows with time in {feature}, and who or what makes it smaller again?
  What only grows gets slow on a day nobody chose.
[-refactoring-terminal] What does {feature} do when more comes than it can handle: queue, refuse, or get slower for all?
  One of the three happens anyway.
  - Queue: with a longest wait, then refuse
  - Refuse: with a time to come back
  - Slower for all: only with headroom that is watched
[-terminal] Which existing page or call must not get slower because of {feature}, and how is that measured?
  A new feature is usually paid for by an old one.
[-refactoring-terminal] What may {feature} cost per month in machines, storage and calls, and at what use is that counted?
  Cost per use decides what may be done on every request.
[-refactoring] How much memory may one run of {feature} take, and how large is the largest input known today?
  Without a limit the largest customer finds it.
[-refactoring-terminal] May the answer of {feature} be some minutes old, and does {an actor} have to see how old it is?
  Freshness is what makes things expensive.
  - Always fresh: computed each time
  - Seconds to minutes: cached, and its age can be asked for
  - Daily: computed at night
[things-terminal] How many {things} does the largest account have today, and how many in two years?
  Lists, counts and exports break at the largest one, not at the average.
[things-terminal] Does anybody need all {things} at once, or is a page of them always enough?
  All at once rules out most simple designs.
  - A page: a fixed order and a cursor
  - All of them: a stream or a file made in the background
[doing-terminal-refactoring] How many {actors} may be {doing} at once, and does one large case hold up the small ones behind it?
  Fairness has to be built, it does not come by itself.
[external] How many calls to {external} does one use of {feature} cost, and what is their limit per minute?
  Their limit is our limit, shared by all of our users.
[search] How many results may a search look at, and what is shown when there are more?
  The vague search by the largest account is the slow one.
[files] How large may one file be, and where is it held while it is worked on?
  Ten of the largest at once is what memory has to hold.
  - In memory: a hard limit, kept small
  - On disk: cleaned up even after a crash
  - Streamed: nothing may need the whole of it
[jobs] How old may the oldest waiting job get before somebody is woken?
  Age says more than length.
[storage] Which query of {feature} runs on every request, and does its index exist?
  A scan is quick in tests and only there.
[live] How many clients get each change, and how soon does each have to have it?
  One change to 10,000 readers is 10,000 messages.
[cache] What happens right after the cache is emptied, with everybody coming at once?
  A cold cache under full load is a second kind of outage.
[reports] Are the figures counted when they are looked at, or beforehand?
  Counting on view is right and slow, beforehand is quick and late.
  - On view: always right, slower with each month
  - Beforehand: quick, with the time they were counted
[ai] What may one answer cost in tokens and seconds, and what is cut when it would be more?
  Both grow with the input, which users choose.
[api] Is a caller limited, by what, and what does the answer tell one who is over it?
  The first loop without a pause comes from a friend.
[webhooks] One receiver takes 30 seconds for each answer: what holds up the deliveries to all others?
  The slowest one decides the pace of a shared queue.
`;
