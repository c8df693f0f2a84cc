/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The words of the dossier, English and Japanese side by side: evidence is written in the language of who
 * reads it, not in that of the person's computer, so that no locale and no catalogue decides it.
 */
#include "config.h"

#include "cli/report.h"

#include <string.h>

static const struct
{
  const char *key, *words[2]; /* en, ja */
} table[] = {
  { "lang", { "en", "ja" } },
  { "title", { "Dossier of an incident on an account", "口座の被害についての資料" } },
  { "statement",
    { "Made from data that the bank's own interface returned to a program on the customer's computer. It is "
      "not a "
      "document of the bank. Nothing in it is legal advice.",
      "銀行のインターフェースが利用者のコンピューターのプログラムに返したデータから作成したものです。銀行が発"
      "行した書類ではありません。"
      "法律上の助言でもありません。" } },
  { "about",
    { "Koban is a program on the account holder's own computer. Every so often it asks the bank's interface "
      "for the "
      "account's links, balance and movements, keeps what it was told and when, and warns of new links and "
      "unexpected "
      "withdrawals. It cannot move money.",
      "Kobanは口座の持ち主のコンピューターで動くプログラムです。定期的に銀行のインターフェースから口座の連携"
      "・残高・明細を"
      "取得し、内容と時刻を記録して、新しい連携や予期しない引き落としを知らせます。お金を動かすことはできませ"
      "ん。" } },
  { "for.self", { "the account holder's own copy", "本人控え" } },
  { "for.bank", { "copy for the bank", "銀行提出用" } },
  { "for.police", { "copy for the police", "警察提出用" } },

  { "part1", { "1. About this dossier", "1. この資料について" } },
  { "part2", { "2. Account", "2. 口座" } },
  { "part3", { "3. What happened", "3. 出来事の一覧" } },
  { "part4", { "4. Totals", "4. 合計" } },
  { "part5", { "5. Links to the account", "5. 口座へのつながり（口座振替・サービス連携など）" } },
  { "part6", { "6. Course of events", "6. 経過" } },
  { "part7", { "7. Earlier dealings with the payee", "7. 支払先とのこれまでの取引" } },
  { "part8", { "8. Times to claim", "8. 申し出の期限" } },
  { "part9", { "9. Integrity", "9. 改変の有無の確かめ方" } },
  { "part10", { "10. What to do now", "10. これからすること" } },
  { "part10.told", { "10. Who has been told", "10. 届け出の状況" } },

  { "case", { "Case", "案件番号" } },
  { "code", { "Code of Koban's messages", "Kobanの通知の確認コード" } },
  { "made", { "Made", "作成日時" } },
  { "zone", { "Times are local, offset from UTC", "時刻の基準（UTCとの差）" } },
  { "version", { "Koban version", "Kobanの版" } },
  { "for", { "Copy", "用途" } },
  { "sources", { "Sources", "データの出どころ" } },
  { "koban-journal", { "Koban's journal", "Kobanの記録簿" } },

  { "bank", { "Bank (as named by the customer)", "銀行（利用者の付けた名前）" } },
  { "provider", { "Interface (Koban's name for it)", "接続方式（Kobanでの名前）" } },
  { "branch", { "Branch", "支店" } },
  { "type", { "Type", "種別" } },
  { "holder", { "Holder", "名義" } },
  { "name", { "Name of the account", "口座の名称" } },
  { "number", { "Number (masked)", "口座番号（一部を伏せています）" } },
  { "full_number", { "Number (whole)", "口座番号（全桁）" } },
  { "currency", { "Currency", "通貨" } },
  { "ownership", { "Ownership", "口座の持ち主" } },
  { "own", { "the account holder alone", "本人のみ" } },
  { "joint", { "joint account", "共同名義" } },
  { "last_check", { "Last heard from the bank", "銀行から最後に確認した時刻" } },
  { "fill-in", { "to be filled in by hand", "手で記入" } },

  { "col.number", { "No.", "番号" } },
  { "col.when", { "Date and time", "日付・時刻" } },
  { "no-time", { "(no time given by the bank)", "（銀行は時刻を示さず）" } },
  { "bank-time", { "(time given by the bank)", "（時刻は銀行による）" } },
  { "col.state", { "State", "状態" } },
  { "pending", { "pending", "未確定" } },
  { "booked", { "booked", "記帳済み" } },
  { "withdrawn", { "withdrawn by the bank", "銀行が取り消し" } },
  { "col.amount", { "Amount", "金額" } },
  { "col.text", { "Text of the bank, verbatim", "銀行の摘要（原文のまま）" } },
  { "normalised", { "in full-width letters", "全角にした表記" } },
  { "service", { "service", "サービス" } },
  { "payee", { "payee", "支払先" } },
  { "col.balance", { "Balance before and after", "残高（前・後）" } },
  { "before", { "before", "前" } },
  { "after", { "after", "後" } },
  { "counted", { "counted back", "逆算" } },
  { "counted.note",
    { "“counted back”: the bank gave no running balance; it is counted back over the booked lines from the "
      "balance that it "
      "told at {at}.",
      "「逆算」：銀行が明細ごとの残高を示さないため、{at}"
      "に銀行が示した残高から記帳済みの明細をさかのぼって計算したものです。" } },
  { "identical",
    { "the bank lists {of} rows with this day, text and amount; this is number {n}",
      "同じ日付・摘要・金額の明細が{of}件あり、その{n}件目" } },
  { "ids",
    { "For the bank's technicians: ids and stored records",
      "銀行の技術担当者向け：識別番号と保存された記録" } },
  { "col.ids", { "Ids of the bank, other side", "銀行の識別番号・相手方" } },
  { "type.other", { "other", "その他" } },
  { "type.card", { "card", "カード" } },
  { "type.transfer", { "transfer", "振込" } },
  { "type.direct_debit", { "direct debit", "口座振替" } },
  { "type.standing_order", { "standing order", "自動送金" } },
  { "type.cash", { "cash", "現金" } },
  { "type.fee", { "fee", "手数料" } },
  { "type.credit", { "credit", "入金" } },
  { "type.own", { "between own accounts", "自分の口座間" } },
  { "bank_id", { "id", "識別番号" } },
  { "pending_id", { "pending id", "未確定時の番号" } },
  { "counterparty", { "other side", "相手方" } },
  { "mandate", { "mandate", "口座振替契約" } },
  { "col.bounds",
    { "Last check without it → first check with it", "最後に無かった確認 → 最初に有った確認" } },
  { "col.record", { "SHA-256 of the stored record", "保存された記録のSHA-256" } },
  { "record.note",
    { "The bank's reply is not kept byte for byte; the hash is of the record as Koban stored it, a field a "
      "line (koban(1)).",
      "銀行の応答はバイト単位では保存されません。ハッシュは、Kobanが保存した記録（1行に1項目）のものです（kob"
      "an(1)を参照）。" } },
  { "text.note",
    { "Control characters that could change how a page looks are left out here; the JSON form holds the text "
      "unchanged.",
      "表示を乱す制御文字はここでは除いています。JSON形式には元の文字列がそのまま入っています。" } },

  { "count", { "Debits", "引き落としの件数" } },
  { "sum", { "Sum", "合計額" } },
  { "repaid", { "Confirmed as paid back", "返金を確認した額" } },
  { "col.date", { "Day", "日" } },
  { "col.service", { "Service or payee", "サービス・支払先" } },
  { "col.count", { "Debits", "件数" } },
  { "col.sum", { "Sum", "合計" } },
  { "col.caps", { "Known caps: a charge, a month", "知られている上限：1回・1か月" } },
  { "credits", { "Credits that may pay back", "返金とみられる入金" } },
  { "col.reverses", { "Reverses", "対応する引き落とし" } },
  { "total", { "all of them", "全額" } },

  { "no-links",
    { "No link is known that these debits came through.",
      "この引き落としの元となるつながりは見つかっていません。" } },
  { "link.kind", { "kind", "種類" } },
  { "emoney", { "e-money service", "決済サービス（電子マネー）" } },
  { "direct_debit", { "direct debit", "口座振替" } },
  { "standing_order", { "standing order", "自動送金" } },
  { "consent", { "permission to see data", "情報閲覧の許可" } },
  { "recurring_consent", { "permission for recurring payments", "継続的な支払いの許可" } },
  { "app", { "connected app", "連携アプリ" } },
  { "aggregator", { "data service", "データ連携サービス" } },
  { "webhook", { "automatic message", "自動通知" } },
  { "card_on_file", { "stored card", "登録カード" } },
  { "first_seen", { "first seen by Koban", "Kobanが最初に見た時刻" } },
  { "not_there", { "last check without it", "最後に無かった確認" } },
  { "granted", { "granted at (bank)", "登録日時（銀行による）" } },
  { "scope", { "scope", "範囲" } },
  { "limit", { "limit", "上限" } },
  { "status", { "status", "状態" } },
  { "active", { "active", "有効" } },
  { "expired", { "expired", "期限切れ" } },
  { "revoked", { "revoked", "解除済み" } },
  { "gone", { "gone", "なくなった" } },
  { "unknown", { "unknown", "不明" } },
  { "last_access", { "last access", "最後の利用" } },
  { "not-told", { "not told by the bank", "銀行からの情報なし" } },
  { "expires", { "expires", "有効期限" } },
  { "alerted", { "Koban alerted", "Kobanが知らせた時刻" } },
  { "link.revoked", { "revocation asked for", "解除を求めた時刻" } },
  { "not-revoked", { "not asked for through Koban", "Kobanからは求めていません" } },
  { "revoked.tried", { "Revoked through Koban", "Kobanで解除" } },
  { "proof", { "proof", "解除の確認" } },
  { "proof.gone",
    { "the bank's list, read again, no longer has it", "銀行の一覧を読み直し、なくなったことを確認" } },
  { "proof.still-there",
    { "the bank's list, read again, still has it", "銀行の一覧を読み直したが、まだ残っている" } },
  { "proof.unproved", { "could not be proved", "確認できず" } },
  { "proof.manual", { "has to be done by hand", "手作業での解除が必要" } },
  { "how", { "how to end it", "解除のしかた" } },

  { "col.at", { "Time", "時刻" } },
  { "col.what", { "What", "内容" } },
  { "event-seen", { "Debit seen", "引き落としを確認" } },
  { "link-seen", { "Link seen", "つながりを確認" } },
  { "alert-opened", { "Koban found it", "Kobanが検知" } },
  { "alert-raised", { "Koban found it more serious", "Kobanが重大さを引き上げ" } },
  { "alert.link", { "new link", "新しいつながり" } },
  { "alert.withdrawal", { "unexpected withdrawal", "予期しない引き落とし" } },
  { "alert.balance", { "money gone without a line", "明細のない残高の減少" } },
  { "alert.freshness", { "notice of Koban's own", "Koban自身のお知らせ" } },
  { "severity.notice", { "notice", "参考" } },
  { "severity.warning", { "warning", "警告" } },
  { "severity.critical", { "critical", "重大" } },
  { "sent", { "Told through {channel}", "{channel}で通知" } },
  { "desktop", { "the desktop", "画面" } },
  { "mail", { "mail", "メール" } },
  { "answer", { "Answered by the account holder", "本人の回答" } },
  { "mine", { "“it was me”", "「自分です」" } },
  { "not-mine", { "“not me”", "「心当たりがない」" } },
  { "unsure", { "“not sure”", "「わからない」" } },
  { "note", { "Told {to}", "{to}に届け出" } },
  { "to.bank", { "the bank", "銀行" } },
  { "to.wallet", { "the payment service", "決済サービス" } },
  { "to.police", { "the police", "警察" } },
  { "to.other", { "somebody else", "その他" } },
  { "note.repaid", { "Confirmed as paid back", "返金を確認" } },
  { "who", { "person", "担当者" } },
  { "ref", { "reference", "受理番号" } },
  { "link-gone", { "Link no longer in the bank's list", "つながりが銀行の一覧からなくなった" } },
  { "link-back", { "Link is back in the bank's list", "つながりが銀行の一覧に再び現れた" } },
  { "link-changed", { "Link changed", "つながりが変わった" } },
  { "exported", { "A dossier was written", "資料を作成" } },
  { "alert", { "[alert {id}]", "［通知 {id}］" } },

  { "baseline.none",
    { "No earlier debit to “{name}” in the {days} days of history before the first event (from {from}); "
      "{covered} of these days are "
      "covered by the bank's data.",
      "最初の出来事より前の{days}日間（{from}から。うちデータがあるのは{covered}日間）に、「{name}"
      "」への引き落としは一度もありません。" } },
  { "baseline.some",
    { "Earlier debits to “{name}”: {earlier}, the first on {first} ({covered} of {days} days are covered).",
      "これより前の「{name}」への引き落とし：{earlier}件。最初は{first}（{days}日間のうちデータがあるのは{"
      "covered}日間）。" } },
  { "baseline.unknown",
    { "Nothing is known of the time before the first event.", "最初の出来事より前のデータはありません。" } },
  { "graph", { "Balance and debits", "残高と引き落とし" } },
  { "graph.balance",
    { "balance (as told by the bank, and as listed above)", "残高（銀行が示したものと、上の一覧のもの）" } },
  { "graph.debit",
    { "debits of this case: as tall as the sum, side by side where one moment holds several",
      "この件の引き落とし：高さが金額。同じ時刻のものは並べて表示" } },

  { "deadlines.note",
    { "Rules as they were looked up on the day given. They are no legal advice and may have changed: ask.",
      "記載の日に調べた規則です。法律上の助言ではなく、変わっていることがあります。必ず確認してください"
      "。" } },
  { "col.due", { "Until", "期限" } },
  { "col.party", { "With", "届け出先" } },
  { "col.task", { "What", "すること" } },
  { "col.rule", { "Rule, counted from", "規則・起算日" } },
  { "col.source", { "Source, looked up", "出典・調べた日" } },
  { "no-due", { "no time stated", "期限の定めなし" } },
  { "over", { "over", "過ぎています" } },
  { "done", { "done {at}", "済み {at}" } },
  { "checked-in", { "looked up in {when}: ask the bank", "{when}に調べたもの：銀行に確認してください" } },
  { "no-deadlines",
    { "No times to claim are known for this currency. Tell your bank now.",
      "この通貨の期限の情報はありません。すぐに銀行に届け出てください。" } },

  { "intact", { "The journal's chain holds", "記録簿のつながり" } },
  { "yes", { "yes", "はい" } },
  { "no", { "no: broken at entry {at} ({why})", "いいえ：{at}番目の記録で切れています（{why}）" } },
  { "entries", { "Entries", "記録の数" } },
  { "erased", { "of these erased", "うち消去済み" } },
  { "erased-on", { "entries {entries} erased on {at}", "{entries}番の記録を{at}に消去" } },
  { "head", { "Head of the chain", "最後の記録のハッシュ" } },
  { "seal", { "Hash of this file", "このファイルのハッシュ" } },
  { "verify",
    { "Every entry of the journal holds the hash of the one before. “koban report --verify FILE” makes this "
      "file's hash and, in the "
      "JSON form, the whole chain anew. The hash on the last line is of the file with 64 zeros in its place. "
      "What this shows: that "
      "nothing was changed since a hash that somebody else holds was written down (in a message's code, in a "
      "mail, by the bank, on "
      "paper). What it does not show: that the owner of the computer did not make all of it anew before.",
      "記録簿の各記録は、一つ前の記録のハッシュを含みます。「koban report --verify "
      "ファイル」で、このファイルのハッシュと、JSON形式では記録簿全体を計算し直せます。"
      "最終行のハッシュは、その位置に0を64個置いたファイルのものです。これで示せるのは、ほかの人の手元にある"
      "ハッシュ（通知のコード、メール、銀行、紙の控え）が書かれた後に"
      "変更がないことです。それより前にコンピューターの持ち主がすべてを作り直していないことまでは示せません"
      "。" } },

  { "check.bank",
    { "Bank, on the number printed on card or passbook", "銀行（カードか通帳に印刷された番号に電話）" } },
  { "check.wallet", { "Payment service named on the line", "明細にある決済サービス" } },
  { "check.police", { "Police: report, number of the report", "警察：届け出と受理番号" } },
  { "check.help", { "Help lines", "相談窓口" } },
  { "check.blanks",
    { "time ____________  person ____________________  reference ____________________",
      "日時 ____________  担当者 ____________________  受理番号 ____________________" } },
  { "check.family",
    { "Nobody in the family, and nobody the card or phone was lent to, made these debits.  ☐ I have asked "
      "them",
      "家族や、カード・電話を貸した人が行ったものではない。　☐ 本人たちに確認した" } },
  { "check.noticed",
    { "I noticed it on ____________ by ____________________",
      "気づいた日時 ____________　きっかけ ____________________" } },
  { "check.sign",
    { "Date ____________   Name ____________________   Reached at ____________________   Signature "
      "____________________",
      "日付 ____________　氏名 ____________________　連絡先 ____________________　署名 "
      "____________________" } },
  { "check.stop",
    { "What was done to stop it: ________________________________________",
      "止めるためにしたこと：________________________________________" } },
  { "script", { "What to say to the bank", "銀行への電話で言うこと" } },
  { "script.bank",
    { "“My name is ____________________. Money left my account {number} that I did not authorise: {count} "
      "debits, {sum} in all, from "
      "{first} to {last}, to “{name}”. It was neither me nor anybody in my family. Please stop further "
      "debits to this payee and end "
      "the link now. Please write down that I told you today, at ____. May I have your name, your branch and "
      "a reference number? "
      "What do you need from me, and until when?”",
      "「____________________と申します。口座{number}から、承認していない引き落としがありました。{first}から{"
      "last}までに{count}件、合計{sum}、支払先は「{name}」です。"
      "私も家族も行っていません。今後の引き落としを止め、口座振替の契約（連携）を今すぐ解除してください。本日"
      "____時に届け出たことを記録してください。"
      "お名前と支店名、受付番号を教えてください。必要な書類と期限も教えてください。」" } },
  { "script.wallet",
    { "“Money was taken from my bank account through your service, and I did not do it: {sum}, {first} to "
      "{last}. Please block the "
      "account that was used, tell me your reference, and how to claim.”",
      "「貴社のサービスを通じて、私の銀行口座から覚えのない引き落としがありました（{first}から{last}まで、{"
      "sum}）。使われたアカウントを止め、受付番号と補償の申し出方を教えてください。」" } },
  { "script.police",
    { "“I want to report a theft from my bank account: {count} debits, {sum} in all, from {first} to {last}. "
      "I have a list of them. "
      "May I have the number of the report?”",
      "「銀行口座から不正に引き落とされました。{first}から{last}までに{count}件、合計{sum}"
      "です。一覧を持っています。受理番号を教えてください。」" } },
  { "script.never",
    { "Give nobody your PIN, password or a one-time code. Whoever calls you is not the bank: hang up and "
      "call yourself.",
      "暗証番号、パスワード、ワンタイムコードは誰にも教えないでください。かかってきた電話は銀行ではありません"
      "。切って、自分からかけ直してください。" } },
  { "card.title", { "If money goes that you did not send", "身に覚えのない引き落としがあったら" } },
  { "card.first", { "1. Call your bank now, on the number below", "1. 下の番号で、すぐに銀行に電話する" } },
  { "card.then",
    { "2. Then the payment service that the line names", "2. 次に、明細にある決済サービスに連絡する" } },
  { "card.police", { "3. Then the police and the help lines", "3. 警察と相談窓口に連絡する" } },
  { "card.say", { "What to say", "言うこと" } },
  { "card.words",
    { "“Money left my account that I did not authorise. It was neither me nor anybody in my family. Please "
      "stop further debits and end "
      "the link now. Please write down the time of this call. May I have your name, your branch and a "
      "reference number?”",
      "「口座から、承認していない引き落としがありました。私も家族も行っていません。今後の引き落としを止め、口"
      "座振替の契約（連携）を今すぐ解除してください。"
      "この電話の時刻を記録してください。お名前と支店名、受付番号を教えてください。」" } },
  { "col.site", { "Its own site", "公式サイト" } },
  { "card.phone", { "number printed on card or passbook", "カードか通帳に印刷された番号" } },
  { "card.wallet.unknown",
    { "The service's own app or site shows its desk; take no number from a message.",
      "窓口はサービス自身のアプリかサイトで調べます。届いたメッセージの番号は使わないでください。" } },
  { "told.none",
    { "Koban was not told that anybody has been told yet.",
      "まだ誰にも届け出ていません（Kobanに記録がありません）。" } },
  { "page",
    { "Koban, case {case} · not a document of the bank",
      "Koban 案件{case} ・ 銀行が発行した書類ではありません" } },
};

const char *
koban_report_word (KobanReportLanguage language, const char *key)
{
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    if (g_str_equal (table[i].key, key))
      return table[i].words[language];
  g_critical ("The dossier has no word for “%s”", key);
  return key;
}

/* A filled text is not read again: a name that looks like a place stays a name. */
static void
fill_place (GString *filled, const char *place, gsize length, const char *const *pairs)
{
  for (gsize i = 0; pairs[i] != NULL; i += 2)
    if (strlen (pairs[i]) == length && strncmp (pairs[i], place, length) == 0)
      {
        g_string_append (filled, pairs[i + 1]);
        return;
      }
}

char *
koban_report_fill (KobanReportLanguage language, const char *key, ...)
{
  const char *pairs[32] = { NULL };
  g_autoptr(GString) filled = g_string_new (NULL);
  va_list args;

  va_start (args, key);
  for (gsize i = 0; i + 1 < G_N_ELEMENTS (pairs); i++)
    if ((pairs[i] = va_arg (args, const char *)) == NULL)
      break;
  va_end (args);
  for (const char *at = koban_report_word (language, key); *at != '\0'; at++)
    {
      const char *end = *at == '{' ? strchr (at, '}') : NULL;

      if (end == NULL)
        g_string_append_c (filled, *at);
      else
        fill_place (filled, at + 1, (gsize) (end - at - 1), pairs);
      at = end != NULL ? end : at;
    }
  return g_string_free (g_steal_pointer (&filled), FALSE);
}
