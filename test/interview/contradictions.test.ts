import { describe, expect, it } from "vitest";
import { contradictionsIn } from "../../src/interview/spec/contradictions.js";

type Told = readonly (readonly [question: string, answer: string])[];

const found = (told: Told, text: string) =>
  contradictionsIn(
    told.map(([question, answer], at) => ({
      id: `A${at + 1}`,
      question,
      answer,
      category: "scope" as const,
      state: "given" as const,
    })),
    text,
    "idea",
  ).map(({ between }) => between.join(" "));

const interviews: readonly [name: string, text: string, told: Told][] = [
  [
    "a page",
    "Let users write a post now and have it published later. A post scheduled for a time at least 5 minutes ahead appears in /scheduled. Cancelling removes it on the server and puts the text back into drafts. Drafts stay as they are. Media attachments are kept.",
    [
      [
        "How many seconds may the page /scheduled take before users think it is broken?",
        "2 seconds on a phone, 1 second on a desktop.",
      ],
      ["How long may saving a scheduled post take?", "5 seconds, the spinner shows after 1 second."],
      [
        "Who must not be able to use “Scheduled posts”, and where is that decided?",
        "Guests must not schedule posts; the server decides.",
      ],
      ["Who may schedule posts?", "Signed-in users may schedule posts."],
      [
        "What happens to a scheduled post when the account is suspended?",
        "Scheduled posts of suspended accounts are not published.",
      ],
      [
        "What happens to a scheduled post when the time comes?",
        "Scheduled posts are published by the server at their time.",
      ],
      ["How many scheduled posts may one user have?", "At most 300 scheduled posts per account."],
      ["How many scheduled posts may be due on one day?", "At most 25 scheduled posts per account and day."],
      [
        "How old may the oldest waiting job get?",
        "The job may wait 60 seconds, then the alarm goes to the on-call person.",
      ],
      ["How is a failed publishing retried?", "The job is retried 5 times, with 10 minutes between."],
      [
        "Does deleting here mean gone for good?",
        "Deleted scheduled posts are gone at once; the text goes back into drafts.",
      ],
      ["What of drafts?", "Drafts are not changed; the text of a cancelled post goes back into drafts."],
      ["Can a scheduled post be edited?", "Yes, until 5 minutes before it is due."],
      [
        "From when on can a post not be edited any more?",
        "From 5 minutes before it is due it cannot be edited.",
      ],
      [
        "What if the browser's time zone changes?",
        "The time stays the same instant, only its display changes.",
      ],
      ["Which posts need no time zone?", "None: every scheduled post shows the time zone."],
      ["Which browsers does it have to work in?", "Chrome 120 and Firefox 121 and later."],
      ["On which phones is it tested?", "iOS 17 and Android 14."],
      [
        "Is an attachment kept when a post is cancelled?",
        "No, attachments of cancelled posts are deleted after 24 hours.",
      ],
      [
        "How long are attachments of scheduled posts kept?",
        "Attachments of scheduled posts are kept until 30 days after publishing.",
      ],
    ],
  ],
  [
    "a command line tool",
    "A command line tool that finds duplicate photos in a folder and moves them to the trash.",
    [
      ["Which files does it look at?", "JPEG, PNG and HEIC files of at least 10 KB."],
      ["Which files does it skip?", "Files below 10 KB and files larger than 200 MB are skipped."],
      ["What does it do with symbolic links?", "It does not follow symbolic links."],
      ["What does it do with hidden folders?", "It follows hidden folders only with --hidden."],
      [
        "What is printed with --json?",
        "With --json one object per group of duplicates is printed, no colours.",
      ],
      [
        "What is printed without --json?",
        "Without --json a table of the groups of duplicates is printed in colours.",
      ],
      ["What does exit code 1 mean?", "Exit code 1: duplicates were found and not moved."],
      ["What does exit code 0 mean?", "Exit code 0: no duplicates were found, or all were moved."],
      [
        "What is asked before files are moved to the trash?",
        "Files are moved to the trash after a confirmation.",
      ],
      ["How does a script say yes?", "With --yes files are moved to the trash without a confirmation."],
      ["How long may it take?", "50,000 photos in 10 minutes on a laptop."],
      ["How long may it take the second time?", "50,000 photos in 30 seconds, from the cache."],
      ["How large may the cache get?", "The cache may take 100 MB, it is emptied after 90 days."],
      [
        "Which photos count as duplicates?",
        "Photos with the same pixels count as duplicates, whatever their names and dates.",
      ],
      ["Which photos never count as duplicates?", "Photos with different sizes never count as duplicates."],
      ["Does it change photos?", "It never changes photos, it only moves them."],
      ["Which copy is kept?", "The copy with the oldest date is kept, the others are moved to the trash."],
    ],
  ],
  [
    "a refactoring",
    "InvoiceService has grown to 2,300 lines. It loads customers, computes tax, renders the PDF, sends the mail and writes to the invoices table. No behaviour may change; the nightly job close_month and the admin API call InvoiceService.charge directly and must go on working. There are hardly any tests for tax rounding.",
    [
      [
        "Which behaviour of today must stay exactly as it is?",
        "The rounding of tax per line, and the order of the mails.",
      ],
      [
        "Which fault of today's code has to survive?",
        "Tax is rounded per line, not per invoice, and stays so.",
      ],
      [
        "Who calls InvoiceService.charge?",
        "The nightly job close_month and the admin API call InvoiceService.charge.",
      ],
      [
        "Who does not call InvoiceService.charge?",
        "The mobile app does not call InvoiceService.charge, it uses the queue.",
      ],
      ["In which order are pieces moved?", "1. TaxCalculator 2. InvoiceRenderer 3. SendInvoiceJob"],
      [
        "How long may one invoice take?",
        "An invoice takes 300 ms today and may take 350 ms at most after it.",
      ],
      [
        "How long may close_month take?",
        "close_month takes 40 minutes for 90,000 invoices and may take 45 minutes.",
      ],
      ["Which tests are there?", "There are tests for the PDF, none for tax rounding."],
      ["Which tests are written first?", "Tests for tax rounding are written first, with 200 real invoices."],
      [
        "Is mail sending part of the transaction?",
        "Mail sending is not part of the transaction; the job is queued after the commit.",
      ],
      ["Is writing the invoice part of the transaction?", "Writing the invoice is part of the transaction."],
      ["What about legacy VAT ids?", "Legacy VAT ids are kept as they are and not validated."],
      ["What about new VAT ids?", "New VAT ids are validated."],
      ["May the PDF differ?", "The PDF may not differ, byte for byte, but for its creation date."],
      [
        "Who must agree before the merge?",
        "Accounting must agree before the merge, by comparing 200 invoices of March.",
      ],
      ["How is it released?", "One piece per week, over 3 weeks, behind no flag."],
      ["When is the old code deleted?", "2 weeks after the last piece was released."],
    ],
  ],
];

describe("contradictions", () => {
  it.each(interviews)("are not seen in an interview about %s that has none", (_, text, told) => {
    expect(found(told, text)).toEqual([]);
  });

  it.each<[string, string, Told, string[]]>([
    [
      "a statement and its denial, though the one says more",
      "Customers export invoices as PDF. The export is sent by mail within 5 minutes.",
      [["Are exports sent by mail?", "Exports are never sent by mail."]],
      ["A1 idea"],
    ],
    [
      "who may and who must not",
      "",
      [
        ["May guests export invoices?", "Guests may export invoices."],
        ["Who must not export invoices?", "Guests must not export invoices."],
      ],
      ["A1 A2"],
    ],
    [
      "one question in other words",
      "",
      [
        ["What is the maximum upload size?", "10 MB"],
        ["What maximum upload size is allowed?", "25 MB"],
      ],
      ["A1 A2"],
    ],
    [
      "short answers about two different things",
      "",
      [
        ["How long may the page take?", "2 seconds"],
        ["How long may saving take?", "5 seconds"],
      ],
      [],
    ],
  ])("%s", (_, text, told, expected) => {
    expect(found(told, text)).toEqual(expected);
  });
});
