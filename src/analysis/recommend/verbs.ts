/** What a tool does to the world, as far as its name says. From harmless to harmful. */
export const verbClasses = ["read", "search", "interact", "other", "write", "send", "execute", "admin", "delete"] as const;
export type VerbClass = (typeof verbClasses)[number];

/** One line a class; a word stands in one line only. */
const table: Readonly<Record<Exclude<VerbClass, "other">, string>> = {
  read: "read get list fetch show view describe stat open download load check inspect preview count retrieve dump tail head cat ls tree extract parse analyze analyse summarize summarise calculate compute compare validate verify diff log status info",
  search: "search find query lookup grep glob browse explore recommend suggest websearch webfetch",
  interact:
    "navigate click type hover press scroll select drag screenshot snapshot fill resize tab wait focus handle goto back forward swipe tap",
  write:
    "write create update edit set add insert put patch append move rename copy upload save modify merge commit push import convert generate make mkdir touch replace sync apply checkout branch rebase stage multiedit todowrite notebookedit assign label tag book reserve register submit upsert restore archive duplicate clone fork",
  send: "send post reply comment notify publish email mail forward share invite message tweet broadcast respond announce call dial",
  execute:
    "run exec execute bash shell eval invoke start launch script spawn restart deploy install build trigger command terminal powershell sql task",
  admin:
    "grant revoke configure enable disable approve permission permissions chmod chown sudo admin impersonate rotate scale rollback transfer pay refund charge purchase buy",
  delete:
    "delete remove drop destroy purge truncate erase wipe unlink uninstall rm rmdir clear cancel kill terminate revert reset deactivate ban unsubscribe",
};

const classes: ReadonlyMap<string, VerbClass> = new Map(
  (Object.entries(table) as [VerbClass, string][]).flatMap(([name, words]) =>
    words.split(" ").map((word): [string, VerbClass] => [word, name]),
  ),
);

/** The class of one word in lower case; undefined when it is no verb of the table. */
export function verbClassOf(word: string): VerbClass | undefined {
  return classes.get(word);
}

/** Words that mean much the same when tools and card actions are compared: a word counts as the first of its line. */
const synonyms: ReadonlyMap<string, string> = new Map(
  [
    "web browser url page pages http https internet site website www chrome playwright puppeteer",
    "file files filesystem fs directory directories folder folders path disk document documents doc docs",
    "message messages slack discord teams chat channel response answer reply sms",
    "email mail gmail outlook inbox smtp imap emails",
    "ticket tickets issue issues jira linear zendesk bug case",
    "database db sql postgres postgresql mysql sqlite bigquery table tables rows records dataset mongo redis",
    "code git github gitlab repo repos repository repositories commit branch pull pr",
    "calendar event events meeting schedule appointment",
    "customer customers user users contact contacts account accounts client clients",
    "payment payments invoice invoices billing stripe charge refund order orders",
    "shell bash terminal command commands process processes cli",
    "cloud kubernetes k8s kubectl aws gcp azure docker container pod pods deployment",
    "note notes notion wiki confluence memory knowledge",
    "sheet sheets spreadsheet excel xlsx csv",
  ].flatMap((line) => line.split(" ").map((word): [string, string] => [word, line.slice(0, line.indexOf(" "))])),
);

/** What a word is compared as. */
export function meaningOf(word: string): string {
  return synonyms.get(word) ?? (word.length > 3 && word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word);
}
