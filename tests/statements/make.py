#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the sample statement files beside it, in the letters and layouts that banks publish. All of it is invented.

Usage: make.py [--check] | make.py --story STORY DIALECT [--from TS] [--to TS]

The same month is told by every bank, so that one table of the test holds for all. --story writes a story's booked
lines as a bank would export them (to standard output); the balance is counted from the story's opening.
"""

import argparse
import csv
import datetime
import io
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
STORIES = HERE.parent / "stories"

# day, amount, balance after, text, other side (opening: 100000)
JAPAN = [
    ("2024-08-30", -12000, 88000, "口座振替", "ﾄｳｷﾖｳﾃﾞﾝﾘﾖｸ"),
    ("2024-09-01", -30000, 58000, "口座振替", "ﾄﾞｺﾓｺｳｻﾞ"),
    ("2024-09-01", -30000, 28000, "口座振替", "ﾄﾞｺﾓｺｳｻﾞ"),
    ("2024-09-25", 230090, 258090, "給料振込", "ｶ)ｶｴﾃﾞｼﾖｳｼﾞ"),
]
# opening: 1000.00
EUROPE = [
    ("2024-08-30", -1250, 98750, "Strom August 2024", "Stadtwerke Mühlheim"),
    ("2024-09-02", -4999, 93751, "PP.4711.PP . EINKAUF", "PayPal Europe S.a.r.l."),
    ("2024-09-02", -4999, 88752, "PP.4711.PP . EINKAUF", "PayPal Europe S.a.r.l."),
    ("2024-09-27", 250000, 338752, "Gehalt September", "Ahorn GmbH"),
]


def day(text, form):
    date = datetime.date.fromisoformat(text)
    if form == "reiwa":
        return "令和%2d年%2d月%2d日" % (date.year - 2018, date.month, date.day)
    if form == "R":
        return "R%d.%02d.%02d" % (date.year - 2018, date.month, date.day)
    if form == "y/m/d":
        return "%d/%d/%d" % (date.year, date.month, date.day)
    if form == "m月d日":
        return "%d月%d日" % (date.month, date.day)
    return date.strftime(form)


def plain(amount):
    return "%d" % amount


def grouped(amount):
    return "{:,}".format(amount)


def euro(amount):
    return "{:,.2f}".format(amount / 100).translate(str.maketrans(",.", ".,"))


def pound(amount):
    return "{:.2f}".format(amount / 100)


def rows_of(lines, make, newest_first=False, quoted=False, separator=","):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n",
                        quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    for line in reversed(lines) if newest_first else lines:
        writer.writerow(make(*line))
    return out.getvalue()


def out_in(amount, form=plain):
    return ("", form(amount)) if amount > 0 else (form(-amount), "")


def mufg(lines):
    return ("日付,摘要,摘要内容,支払い金額,預かり金額,差引残高,メモ,未資金化区分,入払区分\r\n" + rows_of(
        lines, lambda d, a, b, t, p: [day(d, "y/m/d"), t, p, *out_in(a, grouped), grouped(b), "", "",
                                      "振替支払い" if a < 0 else "振替入金"], quoted=True)).encode("cp932")


def smbc(lines):
    return ("年月日,お引出し,お預入れ,お取り扱い内容,残高,メモ,ラベル\r\n" + rows_of(
        lines, lambda d, a, b, t, p: [day(d, "R"), *out_in(a), t + "　" + p, b, "", ""])).encode("cp932")


def mizuho(lines):
    head = "流動性口座照会\r\n\r\n支店名,かえで支店\r\n口座番号,普通 1234567\r\n\r\n"
    return (head + "明細通番,日付,お引出金額,お預入金額,残高,お取引内容\r\n" + "".join(
        "%d,%s,%s,%s,%d,%s\r\n" % (n + 1, day(d, "%Y.%m.%d"), *out_in(a), b, t + " " + p)
        for n, (d, a, b, t, p) in enumerate(lines)) + "※残高は表示時点のものです。\r\n").encode("cp932")


def yucho(lines):
    head = ("お客さま口座情報,,,,,,\r\n現在高：,%d,円,,,,\r\n出力日時：令和 06 年 09 月 30 日,,,,,,\r\n"
            "お客さま口座番号：10340-00000001,,,,,,\r\n照会対象：全期間,,,,,,\r\n明細件数：%d,,,,,,\r\n" % (lines[-1][2], len(lines)))
    return (head + "取引日,入出金明細ＩＤ,受入金額（円）,払出金額（円）,詳細１,詳細２,現在（貸付）高,\r\n" + rows_of(
        lines, lambda d, a, b, t, p: [day(d, "%Y%m%d"), "", *reversed(out_in(a)), t, p, b, ""])).encode("cp932")


def rakuten(lines, title="取引日,入出金(円),取引後残高(円),入出金内容"):
    return (title + "\r\n" + rows_of(lines, lambda d, a, b, t, p: [day(d, "%Y%m%d"), a, b, t + " " + p],
                                     newest_first=True)).encode("cp932")


def rakuten_old(lines):
    return rakuten(lines, "取引日,入出金(円),残高(円),入出金先内容")


def sumishin(lines):
    return ('"日付","内容","出金金額(円)","入金金額(円)","残高(円)","メモ"\r\n' + rows_of(
        lines, lambda d, a, b, t, p: [day(d, "%Y/%m/%d"), t + "　" + p, *out_in(a, grouped), grouped(b), "-"],
        newest_first=True, quoted=True)).encode("cp932")


def paypay(lines):
    title = '"操作日(年)","操作日(月)","操作日(日)","操作時刻(時)","操作時刻(分)","操作時刻(秒)","取引順番号","摘要","お支払金額","お預り金額","残高","メモ"\r\n'
    return (title + rows_of(lines, lambda d, a, b, t, p: [*d.split("-"), "14", "05", "09", "00001", t + " " + p,
                                                           *out_in(a), b, ""], quoted=True)).encode("cp932")


def shinsei(lines):
    return ('\ufeff"取引日","摘要","出金金額","入金金額","残高","メモ"\r\n' + rows_of(
        lines, lambda d, a, b, t, p: [day(d, "%Y/%m/%d"), t + " " + p, *out_in(a), b, ""], newest_first=True,
        quoted=True)).encode("utf-8")


def shinsei_en(lines):
    return ('"Value Date","Description","Debit","Credit","Balance"\r\n' + rows_of(
        lines, lambda d, a, b, t, p: [day(d, "%Y/%m/%d"), t + " " + p, *out_in(a), b], quoted=True)).encode("utf-8")


def gmo(lines):
    return ('"日付","摘要","入金金額","出金金額","残高","メモ"\r\n' + rows_of(
        lines, lambda d, a, b, t, p: [day(d, "%Y%m%d"), t + " " + p, *reversed(out_in(a)), b, ""],
        quoted=True)).encode("cp932")


def aeon(lines):
    return ('"日付","お取引内容","お引出し","お預入れ","残高（お借入れはマイナス表示）"\r\n' + rows_of(
        lines, lambda d, a, b, t, p: [day(d, "%Y/%m/%d"), t + " " + p, *out_in(a, grouped), grouped(b)],
        quoted=True)).encode("cp932")


def ja(lines):
    """The yen sign stands at the place of the backslash."""
    return ('"番号","明細区分","取扱日付","起算日","お支払金額","お預り金額","取引区分","残高","摘要"\r\n' + "".join(
        '"%d","","%s","","%s","%s","%s","\\%s","%s"\r\n' % (n + 1, day(d, "m月d日"), *out_in(a, lambda x: "\\" + grouped(x)), t,
                                                             grouped(b), p)
        for n, (d, a, b, t, p) in enumerate(lines))).encode("cp932")


def anser(lines):
    title = ('"照会口座","番号","勘定日","(起算日)","出金金額(円)","入金金額(円)","小切手区分","残高(円)","取引区分",'
             '"明細区分","金融機関名","支店名","摘要"\r\n')
    return (title + "".join(
        '"ｶｴﾃﾞ 普通 1234567","%05d","%s","","%s","%s","","%s","%s","","","","%s"\r\n' % (
            n + 1, day(d, "reiwa"), *out_in(a, grouped), grouped(b), t, p)
        for n, (d, a, b, t, p) in enumerate(lines))).encode("cp932")


def dkb(lines):
    head = '"Girokonto";"DE00000000000000000000"\n""\n"Kontostand vom 30.09.2024:";"3.387,52 €"\n""\n'
    title = ('"Buchungsdatum";"Wertstellung";"Status";"Zahlungspflichtige*r";"Zahlungsempfänger*in";"Verwendungszweck";'
             '"Umsatztyp";"IBAN";"Betrag (€)";"Gläubiger-ID";"Mandatsreferenz";"Kundenreferenz"\n')
    return ("\ufeff" + head + title + "".join(
        '"%s";"%s";"Gebucht";"ISSUER";"%s";"%s";"%s";"";"%s";"";"";""\n' % (
            day(d, "%d.%m.%y"), day(d, "%d.%m.%y"), p, t, "Eingang" if a > 0 else "Ausgang", euro(a))
        for d, a, b, t, p in reversed(lines))).encode("utf-8")


def ing(lines):
    head = "Umsatzanzeige;Datei erstellt am: 30.09.2024 10:00\n\nIBAN;DE00 0000 0000\nKontoname;Girokonto\nBank;ING\n\n"
    title = "Buchung;Valuta;Auftraggeber/Empfänger;Buchungstext;Verwendungszweck;Saldo;Währung;Betrag;Währung\n"
    return (head + title + "".join("%s;%s;%s;%s;%s;%s;EUR;%s;EUR\n" % (
        day(d, "%d.%m.%Y"), day(d, "%d.%m.%Y"), p, "Lastschrift", t, euro(b), euro(a))
        for d, a, b, t, p in reversed(lines))).encode("cp1252")


def barclays(lines):
    return ("Number,Date,Account,Amount,Subcategory,Memo\n" + rows_of(
        lines, lambda d, a, b, t, p: ["", day(d, "%d/%m/%Y"), "20-00-00 12345678", pound(a), "PAYMENT", p + " " + t],
        newest_first=True)).encode("utf-8")


def monzo(lines):
    title = ("Transaction ID,Date,Time,Type,Name,Emoji,Category,Amount,Currency,Local amount,Local currency,Notes and #tags,"
             "Address,Receipt,Description,Category split,Money Out,Money In\n")
    return (title + "".join("tx_%04d,%s,09:12:00,Card payment,%s,,Bills,%s,GBP,%s,GBP,,,,%s,,,\n" % (
        n, day(d, "%d/%m/%Y"), p, pound(a), pound(a), t) for n, (d, a, b, t, p) in enumerate(lines))).encode("utf-8")


def chase(lines):
    return ("Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #\n" + "".join(
        '%s,%s,"%s",%s,ACH_DEBIT,%s,,\n' % ("CREDIT" if a > 0 else "DEBIT", day(d, "%m/%d/%Y"), p + " " + t, pound(a), pound(b))
        for d, a, b, t, p in reversed(lines))).encode("utf-8")


def bofa(lines):
    head = ('Description,,Summary Amt.\nBeginning balance as of 08/30/2024,,"1,000.00"\n\n'
            'Date,Description,Amount,Running Bal.\n08/30/2024,Beginning balance as of 08/30/2024,,"1,000.00"\n')
    return (head + "".join('%s,"%s","%s","%s"\n' % (day(d, "%m/%d/%Y"), p + " " + t, grouped(a / 100), grouped(b / 100))
                           for d, a, b, t, p in lines)).encode("utf-8")


def boursobank(lines):
    title = ("dateOp;dateVal;label;category;categoryParent;supplierFound;amount;comment;accountNum;accountLabel;"
             "accountbalance\n")
    return ("\ufeff" + title + "".join('%s;%s;"%s";"Divers";"Vie quotidienne";;%s;;00040000000;BoursoBank;3387.52\n' % (
        d, d, "PRLV SEPA " + p + " " + t, euro(a).replace(".", " ")) for d, a, b, t, p in reversed(lines))).encode("utf-8")


def zengin(lines, end="\r\n"):
    def reiwa(text):
        return day(text, "R").replace("R", "").replace(".", "").zfill(6)

    def fill(text, length):
        return text + " " * (length - len(text))

    opening = lines[0][2] - lines[0][1]
    records = ["103" + "0" + "060930" + reiwa(lines[0][0]) + reiwa(lines[-1][0]) + "0597" + fill("ｷﾗﾎﾞｼ", 15) + "012" +
               fill("ｶｴﾃﾞ", 15) + "000" + "1" + "0001234567" + fill("ｺﾊﾞﾝ ﾊﾅｺ", 40) + "1" + "1" + "%014d" % opening +
               " " * 71]
    for n, (d, a, b, t, p) in enumerate(lines):
        records.append("2" + "%08d" % (n + 1) + reiwa(d) + reiwa(d) + ("1" if a > 0 else "2") + ("11" if a > 0 else "14") +
                       "%012d" % abs(a) + "0" * 12 + "0" * 6 + "0" * 6 + "0" + "0" * 7 + "000" + "0" * 10 +
                       fill(p if a > 0 else "", 48) + fill("", 15) + fill("", 15) + fill(p, 20) + fill("", 20) + " ")
    spent, earned = [a for _, a, *_ in lines if a < 0], [a for _, a, *_ in lines if a > 0]
    records.append("8" + "%06d%013d%06d%013d" % (len(earned), sum(earned), len(spent), -sum(spent)) + "1" +
                   "%014d" % lines[-1][2] + "%07d" % len(lines) + " " * 139)
    records.append("9" + " " * 199)
    made = [record.encode("cp932") for record in records]
    assert all(len(record) == 200 for record in made), [len(record) for record in made]
    return b"".join(record + end.encode() for record in made)


def mt940(lines):
    def swift(amount):
        return "%d,%02d" % divmod(abs(amount), 100)

    opening = lines[0][2] - lines[0][1]
    out = [":20:KOBAN", ":25:10020030/1234567890", ":28C:00001/001",
           ":60F:C%sEUR%s" % (day(lines[0][0], "%y%m%d"), swift(opening))]
    for d, a, b, t, p in lines:
        out.append(":61:%s%s%s%sNMSCNONREF" % (day(d, "%y%m%d"), day(d, "%m%d"), "DR"[:1] if a < 0 else "C", swift(a)))
        out.append(":86:105?00LASTSCHRIFT?109310?20%s\r\n?30DEUTDEFF?31DE00123?32%s" % (t, p))
    out += [":62F:C%sEUR%s" % (day(lines[-1][0], "%y%m%d"), swift(lines[-1][2])), "-"]
    return ("\r\n".join(out) + "\r\n").encode("cp1252")


def camt(lines):
    def entry(d, a, b, t, p):
        party, side = ("Cdtr", "DBIT") if a < 0 else ("Dbtr", "CRDT")
        return """   <Ntry>
    <Amt Ccy="EUR">%s</Amt><CdtDbtInd>%s</CdtDbtInd><Sts>BOOK</Sts>
    <BookgDt><Dt>%s</Dt></BookgDt><ValDt><Dt>%s</Dt></ValDt>
    <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>%s</Cd><SubFmlyCd>ESDD</SubFmlyCd></Fmly></Domn></BkTxCd>
    <NtryDtls><TxDtls>
     <Refs><EndToEndId>NOTPROVIDED</EndToEndId>%s</Refs>
     <RltdPties><%s><Nm>%s</Nm></%s><%sAcct><Id><IBAN>LU00000000000000</IBAN></Id></%sAcct></RltdPties>
     <RmtInf><Ustrd>%s</Ustrd></RmtInf>
    </TxDtls></NtryDtls>
   </Ntry>
""" % (pound(abs(a)), side, d, d, "RDDT" if a < 0 else "RCDT", "<MndtId>M-17</MndtId>" if a < 0 else "", party, p, party,
       party, party, t)

    def balance(code, amount, d):
        return ("   <Bal><Tp><CdOrPrtry><Cd>%s</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">%s</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
                "<Dt><Dt>%s</Dt></Dt></Bal>\n" % (code, pound(amount), d))

    return ("""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">
 <BkToCstmrStmt>
  <GrpHdr><MsgId>1</MsgId><CreDtTm>2024-09-30T10:00:00+02:00</CreDtTm></GrpHdr>
  <Stmt>
   <Id>1</Id><CreDtTm>2024-09-30T10:00:00+02:00</CreDtTm>
   <FrToDt><FrDtTm>2024-08-30T00:00:00+02:00</FrDtTm><ToDtTm>2024-09-30T23:59:59+02:00</ToDtTm></FrToDt>
   <Acct><Id><IBAN>DE02100200300012345678</IBAN></Id><Ccy>EUR</Ccy></Acct>
""" + balance("OPBD", lines[0][2] - lines[0][1], lines[0][0]) + balance("CLBD", lines[-1][2], lines[-1][0]) +
            "".join(entry(*line) for line in lines) + "  </Stmt>\n </BkToCstmrStmt>\n</Document>\n").encode("utf-8")


def ofx(lines, currency="JPY", form=plain, zone="[+9:JST]"):
    head = ("OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nENCODING:UTF-8\r\nCHARSET:NONE\r\n"
            "COMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:NONE\r\n\r\n")
    body = ["<OFX>", "<SIGNONMSGSRSV1>", "<SONRS>", "<STATUS>", "<CODE>0", "<SEVERITY>INFO", "</STATUS>",
            "<DTSERVER>20240930100000" + zone, "<LANGUAGE>JPN", "<FI>", "<ORG>KOBAN", "</FI>", "</SONRS>", "</SIGNONMSGSRSV1>",
            "<BANKMSGSRSV1>", "<STMTTRNRS>", "<TRNUID>0", "<STATUS>", "<CODE>0", "<SEVERITY>INFO", "</STATUS>", "<STMTRS>",
            "<CURDEF>" + currency, "<BANKACCTFROM>", "<BANKID>0597", "<BRANCHID>012", "<ACCTID>1234567",
            "<ACCTTYPE>SAVINGS", "</BANKACCTFROM>", "<BANKTRANLIST>", "<DTSTART>20240830000000" + zone,
            "<DTEND>20240930000000" + zone]
    for n, (d, a, b, t, p) in enumerate(lines):
        body += ["<STMTTRN>", "<TRNTYPE>" + ("DEBIT" if a < 0 else "CREDIT"), "<DTPOSTED>" + d.replace("-", "") + "000000" + zone,
                 "<TRNAMT>" + form(a), "<FITID>%s%04d" % (d.replace("-", ""), n), "<NAME>" + p, "<MEMO>" + t, "</STMTTRN>"]
    body += ["</BANKTRANLIST>", "<LEDGERBAL>", "<BALAMT>" + form(lines[-1][2]), "<DTASOF>20240930000000" + zone, "</LEDGERBAL>",
             "</STMTRS>", "</STMTTRNRS>", "</BANKMSGSRSV1>", "</OFX>"]
    return (head + "\r\n".join(body) + "\r\n").encode("utf-8")


def unknown(lines):
    """No bank's: for --guess."""
    return ("普通預金 入出金照会\r\nお取引日,お引落額,お振込額,お取引のあらまし,のこり\r\n" + rows_of(
        lines, lambda d, a, b, t, p: [day(d, "reiwa"), *out_in(a, grouped), t + " " + p, grouped(b)])).encode("cp932")


def unknown_euro(lines):
    return ("Buchungstag;Wer;Wofür;Umsatz in EUR\n" + "".join("%s;%s;%s;%s\n" % (day(d, "%d.%m.%Y"), p, t, euro(a))
                                                          for d, a, b, t, p in reversed(lines))).encode("cp1252")


def unbalanced(lines):
    """A line that took 30000 was left out, and the balance tells."""
    return rakuten([line for n, line in enumerate(lines) if n != 1])


def corrected(lines):
    """The bank took back what the third line said."""
    day, amount, balance, _, _ = lines[2]
    return rakuten(lines[:2] + [(day, amount, balance, "カード", "ｻｸﾗｽ-ﾊﾟ-")] + lines[3:])


DIALECTS = {
    "jp-mufg": mufg, "jp-smbc": smbc, "jp-mizuho": mizuho, "jp-yucho": yucho, "jp-rakuten": rakuten,
    "jp-rakuten-old": rakuten_old, "jp-sbi-sumishin": sumishin, "jp-paypay": paypay, "jp-sbi-shinsei": shinsei,
    "jp-sbi-shinsei-en": shinsei_en, "jp-gmo-aozora": gmo, "jp-aeon": aeon, "jp-ja": ja, "jp-anser": anser,
    "de-dkb": dkb, "de-ing": ing, "uk-barclays": barclays, "uk-monzo": monzo, "us-chase": chase, "us-bofa": bofa,
    "fr-boursobank": boursobank,
}
OTHERS = {
    "zengin.txt": lambda: zengin(JAPAN), "zengin-unbroken.txt": lambda: zengin(JAPAN, ""),
    "mt940.sta": lambda: mt940(EUROPE), "camt053.xml": lambda: camt(EUROPE), "japan.ofx": lambda: ofx(JAPAN),
    "us.qfx": lambda: ofx(EUROPE, "USD", pound, ""), "guess-jp.csv": lambda: unknown(JAPAN),
    "guess-de.csv": lambda: unknown_euro(EUROPE), "unbalanced.csv": lambda: unbalanced(JAPAN),
    "corrected.csv": lambda: corrected(JAPAN),
}


def samples():
    made = {name + ".csv": write(JAPAN if name.startswith("jp-") else EUROPE) for name, write in DIALECTS.items()}
    made.update((name, write()) for name, write in OTHERS.items())
    return made


def story_lines(name, begin, end):
    """Booked lines of the only account, as a statement lists them."""
    events = [json.loads(line) for line in (STORIES / (name + ".jsonl")).read_text(encoding="utf-8").splitlines()]
    account = events[0]["accounts"][0]
    balance, lines = account["opening_booked"], []
    for event in events[1:]:
        if event["kind"] not in ("transaction", "booked"):
            continue
        balance += event["amount"]
        if begin <= event["ts"] <= end:
            lines.append((event["date"], event["amount"], balance, event["descriptor"], ""))
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--story", nargs=2)
    parser.add_argument("--from", dest="begin", type=int, default=0)
    parser.add_argument("--to", dest="end", type=int, default=2**62)
    words = parser.parse_args()
    if words.story:
        sys.stdout.buffer.write(DIALECTS[words.story[1]](story_lines(words.story[0], words.begin, words.end)))
        return
    wrong = []
    for name, content in samples().items():
        file = HERE / name
        if words.check and (not file.exists() or file.read_bytes() != content):
            wrong.append(name)
        elif not words.check:
            file.write_bytes(content)
    if wrong:
        sys.exit("not as make.py writes them: " + ", ".join(wrong))


if __name__ == "__main__":
    main()
