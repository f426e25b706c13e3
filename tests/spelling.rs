//! What is another text and the same error: other names, another spelling, names hidden,
//! another language.
//!
//! ```text
//! Login failed for user 'etl'.   →   Login  failed for user ‘***’.   →   the same rule
//! ```
//!
//! Every example of the catalogue is taken through every change, so that a rule which
//! hangs on how a text is written is seen when it is added.

use shirwatch::catalogue::Catalogue;
use shirwatch_parsers::{Settings, parse};

/// Other names, numbers, ids, hosts and paths do not make it another error.
#[test]
fn changed_names_change_neither_rule_nor_fingerprint() {
    let catalogue = Catalogue::embedded().unwrap();
    let (mut tried, mut moved) = (0, Vec::new());
    for rule in catalogue.rules().iter().filter(|it| it.matches()) {
        for (number, example) in rule.examples.iter().enumerate() {
            let other = mutate(&example.text);
            if other == example.text {
                continue;
            }
            tried += 1;
            let (before, after) = (judge(&catalogue, &example.text), judge(&catalogue, &other));
            if before != after {
                moved.push(format!("{} {}: {before:?} {after:?}\n  {other}", rule.id, number + 1));
            }
        }
    }
    assert!(tried > 100 && moved.is_empty(), "{} of {tried}\n{}", moved.len(), moved.join("\n"));
}

/// How a text is written does not change what it says: its rule stays the same.
#[test]
#[rustfmt::skip]
fn another_spelling_of_a_text_is_the_same_error() {
    let catalogue = Catalogue::embedded().unwrap();
    let mut moved = Vec::new();
    for (name, spelling, floor) in [
        ("upper case of codes",     upper_codes as Spelling,        200),
        ("UserError in front",      |it| codes(it, |code| format!("UserError{}", code.trim_start_matches("UserError"))), 200),
        ("UserError taken away",    |it| codes(it, |code| code.trim_start_matches("UserError").to_owned()), 50),
        ("curly quotes",            |it| outside_links(it, |it| it.replace('"', "”").replace(" '", " ‘").replace("' ", "’ ")), 100),
        ("contracted",              |it| it.replace(" is not ", " isn't ").replace("does not ", "doesn’t ").replace("could not ", "couldn't ").replace("cannot ", "can't "), 50),
        ("written out",             |it| it.replace("isn't", "is not").replace("doesn't", "does not").replace("couldn't", "could not").replace("can't", "cannot").replace("hasn't", "has not"), 10),
        ("occured",                 |it| it.replace("occurred", "occured"), 5),
        ("HTML entities",           |it| outside_links(it, |it| it.replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")), 30),
        ("entities for quotes",     |it| outside_links(it, |it| it.replace('\'', "&apos;")), 100),
        ("JSON left in",            |it| outside_links(it, |it| it.replace('"', "\\\"").replace('\n', "\\r\\n")), 50),
        ("line ends printed",       |it| outside_links(it, |it| it.replace(". ", ".\\r\\n")), 100),
        ("lines broken",            |it| outside_links(it, |it| it.replace(". ", ". \r\n")), 100),
        ("doubled blanks",          |it| outside_links(it, |it| it.replace(' ', "  ")), 300),
        ("no-break blanks",         |it| outside_links(it, |it| it.replace(' ', "\u{a0}")), 300),
        ("shaded types",            |it| it.replace("'Type=java", "'Type=shaded.java").replace("'Type=org.", "'Type=shaded.org.").replace("'Type=com.", "'Type=shaded.com.").replace(": com.", ": shaded.com.").replace(": org.", ": shaded.org."), 10),
        ("hosts masked by stars",   |it| masked(it, "***"), 50),
        ("hosts masked by XXXX",    |it| masked(it, "XXXXXXX"), 50),
    ] {
        let mut tried = 0;
        for rule in catalogue.rules().iter().filter(|it| it.matches()) {
            for (number, example) in rule.examples.iter().enumerate() {
                let other = spelling(&example.text);
                if other == example.text {
                    continue;
                }
                tried += 1;
                let (after, _) = judge(&catalogue, &other);
                if after != rule.id {
                    moved.push(format!("{name}: {} {} became {after}\n  {other}", rule.id, number + 1));
                }
            }
        }
        assert!(tried >= floor, "{name}: only {tried} texts were tried");
    }
    assert!(moved.is_empty(), "{}\n{}", moved.len(), moved.join("\n"));
}

/// What a rule captures is a name: hidden, it still is the same error, also where it holds
/// what a mask is made of.
#[test]
fn a_masked_name_is_a_name() {
    let catalogue = Catalogue::embedded().unwrap();
    let (mut tried, mut moved) = (0, Vec::new());
    for rule in catalogue.rules().iter().filter(|it| it.matches()) {
        for example in &rule.examples {
            let records = parse(&example.text, &Settings::default());
            let judged = records.iter().map(|it| (catalogue.classify(it), it));
            let Some((verdict, record)) = judged.max_by_key(|(it, _)| it.known()) else { continue };
            let captures = catalogue.captures(record, &verdict);
            for value in captures.values().filter(|it| it.len() > 2) {
                for mask in ["***", "XXXX", "XXXXXXX", "[redacted:name]", "xxx-xxx"] {
                    tried += 1;
                    let other = example.text.replace(value.as_str(), mask);
                    let (after, _) = judge(&catalogue, &other);
                    if after != rule.id {
                        moved.push(format!("{} `{value}` as `{mask}`: {after}", rule.id));
                    }
                }
            }
        }
    }
    assert!(tried > 1000 && moved.is_empty(), "{} of {tried}\n{}", moved.len(), moved.join("\n"));
}

/// Windows and drivers speak the language of their machine; numbers and types do not.
#[test]
#[rustfmt::skip]
fn a_localised_text_is_known_by_its_number_or_type() {
    let catalogue = Catalogue::embedded().unwrap();
    let mut wrong = Vec::new();
    let sql = |message: &str, number: &str| format!("ErrorCode=SqlFailedToConnect,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=Cannot connect.,Source=Microsoft.DataTransfer.ClientLibrary,''Type=System.Data.SqlClient.SqlException,Message={message},Source=.Net SqlClient Data Provider,SqlErrorNumber={number},Class=14,ErrorCode=-2146232060,State=1,'");
    let link = |kind: &str, message: &str, tail: &str| format!("ErrorCode=HypotheticalFailed,'Type=A.B,Message=x,Source=y,''Type={kind},Message={message},Source=System{tail},'");
    for (text, expected) in [
        (sql("Fehler bei der Anmeldung für den Benutzer \"etl\".", "18456"),                       "sql-connect-login-failed"),
        (sql("Échec de l'ouverture de session de l'utilisateur 'etl'.", "18456"),                   "sql-connect-login-failed"),
        (sql("ユーザー 'etl' はログインできませんでした。", "18456"),                                   "sql-connect-login-failed"),
        (sql("Netzwerkbezogener oder instanzspezifischer Fehler beim Herstellen einer Verbindung mit SQL Server.", "53"), "sql-connect-server-not-found"),
        (sql("Une tentative de connexion a échoué.", "10060"),                                      "sql-connect-server-not-found"),
        (sql("Die Anmeldung für das Konto ist gesperrt.", "18486"),                                  "sql-connect-account-state"),
        (sql("タイムアウトに達しました。", "-2"),                                                     "sql-timeout"),
        (link("System.Net.Sockets.SocketException", "Es konnte keine Verbindung hergestellt werden, da der Zielcomputer die Verbindung verweigerte", ",NativeErrorCode=10061"), "network-connection-refused"),
        (link("System.Net.Sockets.SocketException", "Hôte inconnu", ",NativeErrorCode=11001"),       "network-name-unresolved"),
        (link("System.Net.Sockets.SocketException", "接続済みの呼び出し先が一定の時間を過ぎても正しく応答しなかったため、接続できませんでした", ",NativeErrorCode=10060"), "network-connect-timeout"),
        (link("System.IO.FileNotFoundException", "Die Datei \"D:\\in\\a.csv\" konnte nicht gefunden werden.", ""), "file-system-not-found"),
        (link("System.UnauthorizedAccessException", "L'accès au chemin d'accès 'D:\\in' est refusé.", ""), "general-not-permitted"),
        (link("System.OutOfMemoryException", "Le type d'exception a été levé.", ""),                 "runtime-out-of-memory"),
        (link("System.TimeoutException", "Der Vorgang hat das Zeitlimit überschritten.", ""),        "general-timed-out"),
        (link("System.Security.Authentication.AuthenticationException", "Das Remotezertifikat ist ungültig.", ""), "general-certificate"),
        (link("System.ComponentModel.Win32Exception", "ユーザー名またはパスワードが正しくありません。", ",NativeErrorCode=1326"), "file-system-logon-failed"),
        ("System.Net.Sockets.SocketException (10061): Zielcomputer verweigerte die Verbindung".to_owned(), "network-connection-refused"),
        ("ERROR [28000] [Contoso][ODBC] Authentifizierung fehlgeschlagen".to_owned(),                 "odbc-login-refused"),
        ("ERROR [08001] [Contoso][ODBC] Verbindung nicht möglich".to_owned(),                         "odbc-connection-refused"),
        ("ERROR [HYT00] [Contoso][ODBC] délai d'attente expiré".to_owned(),                           "odbc-timeout"),
        ("ORA-01017: Benutzername/Kennwort ungültig; Anmeldung abgelehnt".to_owned(),                 "oracle-login-refused"),
        ("ORA-12541: TNS : aucun processus d'écoute".to_owned(),                                      "oracle-host-unreachable"),
        ("Ausnahme von HRESULT: 0x80070070".to_owned(),                                               "file-system-disk-full"),
        ("Le serveur distant a retourné une erreur : (401) Non autorisé. StatusCode=401".to_owned(),  "general-login-refused"),
        ("Der Remoteserver hat einen Fehler zurückgegeben: (407) x, Http 407".to_owned(),             "general-proxy"),
    ] {
        let (rule, _) = judge(&catalogue, &text);
        if rule != expected {
            wrong.push(format!("{rule} and not {expected}: {text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

type Spelling = fn(&str) -> String;

/// The names behind `ErrorCode=` changed.
fn codes(text: &str, change: impl Fn(&str) -> String) -> String {
    let mut parts = text.split("ErrorCode=");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|it: char| !it.is_ascii_alphanumeric()).unwrap_or(part.len());
        let named =
            part.starts_with(|it: char| it.is_ascii_alphabetic()) && part[end..].starts_with(',');
        out.push_str("ErrorCode=");
        out.push_str(&if named { change(&part[..end]) } else { part[..end].to_owned() });
        out.push_str(&part[end..]);
    }
    out
}

fn upper_codes(text: &str) -> String {
    codes(text, str::to_uppercase)
}

/// What stands between `Message=` and `,Source=` changed; all of a text that is no chain.
/// A carrier in JSON or XML stays as it is, since its own marks would be changed too.
fn outside_links(text: &str, change: impl Fn(&str) -> String) -> String {
    if text.starts_with(['{', '[', '<']) {
        return text.to_owned();
    }
    if !text.contains("Type=") {
        return change(text);
    }
    let mut parts = text.split("Message=");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(",Source=").unwrap_or(0);
        out.push_str("Message=");
        out.push_str(&change(&part[..end]));
        out.push_str(&part[end..]);
    }
    out
}

/// Hosts, addresses and guids as a careful person hides them before showing a text.
fn masked(text: &str, mask: &str) -> String {
    let is_name = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-');
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|it: char| it.is_ascii_alphanumeric()) {
        let (before, word) = rest.split_at(at);
        let len = word.find(|it| !is_name(it)).unwrap_or(word.len());
        let (word, after) = word.split_at(len);
        // A host of the service is no secret, and some rules know it.
        let ours = word.contains(".dataproxy.");
        let host = !ours && word.contains("contoso.example") || word.starts_with("192.0.2.");
        let guid = word.len() == 36 && word.matches('-').count() == 4;
        out.push_str(before);
        out.push_str(if host || guid { mask } else { word });
        rest = after;
    }
    out + rest
}

fn judge(catalogue: &Catalogue, text: &str) -> (String, String) {
    let records = parse(text, &Settings::default());
    let judged = records.iter().map(|it| (catalogue.classify(it), it));
    let (verdict, record) = judged.max_by_key(|(verdict, _)| verdict.known()).unwrap();
    (verdict.rule.id.clone(), verdict.fingerprint(record).to_string())
}

/// The text of another customer: ids, hosts, addresses, dates and file names differ.
fn mutate(text: &str) -> String {
    let mut text = text.replace("contoso", "fabrikam");
    for (from, to) in [
        ("192.0.2.", "198.51.100."),
        ("orders", "invoices"),
        ("sales", "ledger"),
        ("etl_reader", "svc_load"),
        ("2026-", "2027-"),
    ] {
        text = text.replace(from, to);
    }
    change_ids(&text)
}

/// Each guid with its digits turned.
fn change_ids(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    for start in 0..bytes.len().saturating_sub(35) {
        let id = &bytes[start..start + 36];
        let dashes = [8, 13, 18, 23];
        let is_guid = id.iter().enumerate().all(|(at, byte)| {
            if dashes.contains(&at) { *byte == b'-' } else { byte.is_ascii_hexdigit() }
        });
        if is_guid {
            for at in (start..start + 36).filter(|at| bytes[*at] != b'-') {
                out[at] = if bytes[at] == b'7' { b'3' } else { b'7' };
            }
        }
    }
    String::from_utf8(out).unwrap()
}
