//! Alerts by mail, as text and as HTML.
//!
//! ```text
//! Subject: [firing] error: SQL Server refused the login in pipeline nightly
//! Message-ID: <3f…@contoso.example>      the same when it is sent again after a crash
//! References: <incident.9f…@contoso.example>      one thread for one incident
//! ```
//!
//! Here a [`Mail`] is written; delivery turns it into MIME and speaks SMTP. A subject is one
//! line, so that no log adds a header; in HTML every text is escaped, and nothing is
//! loaded from anywhere. A mail stays below 100 KB, where some readers cut.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::model::Alert;
use crate::outputs::Message;
use crate::outputs::Output;
use crate::outputs::OutputError;
use crate::outputs::RenderError;
use crate::outputs::brief;
use crate::outputs::settings;
use crate::outputs::settings::bad;

/// Characters of a subject, and of the parts of one body.
const SUBJECT: usize = 180;
const BODY: usize = 24 * 1024;

/// `email:` one or more mailboxes, by an SMTP server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EmailConfig {
    /// The name of the SMTP server.
    pub server: String,
    /// Its port; by default 587 with `starttls`, 465 with `tls`, 25 with `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// `starttls` (the server must offer it), `tls` from the first byte, or `none`.
    pub tls: MailTls,
    /// A file with the certificate, as PEM, of an authority that the system does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The user to log in as. Needs TLS, or a server on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// A file that holds the password of `user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// Who it comes from: `shirwatch@contoso.example`, with a name if you like.
    pub from: String,
    /// Who gets it. All see each other's address.
    pub to: Vec<String>,
}

/// How the way to the server is kept secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// In plain first, then by TLS; a server that offers none is refused.
    #[default]
    Starttls,
    /// By TLS from the first byte.
    Tls,
    /// In plain.
    None,
}

/// The server, and who we are there.
#[derive(Clone, PartialEq, Eq)]
pub struct MailServer {
    /// Its name, as its certificate has it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way is kept secret.
    pub tls: MailTls,
    /// The certificate of a further authority, as PEM.
    pub ca: Option<String>,
    /// User and password.
    pub login: Option<(String, String)>,
}

/// The password is a secret.
impl fmt::Debug for MailServer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "smtp://{}:{}", self.host, self.port)
    }
}

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Who takes it.
    pub server: Arc<MailServer>,
    /// From whom.
    pub from: String,
    /// To whom.
    pub to: Vec<String>,
    /// One line.
    pub subject: String,
    /// What tells this mail from all others, without angle brackets.
    pub id: String,
    /// The mail that it belongs to, without angle brackets.
    pub thread: String,
    /// For readers of text.
    pub text: String,
    /// For readers of HTML.
    pub html: String,
}

/// See [`EmailConfig`].
#[derive(Debug)]
pub struct Email {
    server: Arc<MailServer>,
    from: String,
    to: Vec<String>,
    domain: String,
}

impl Email {
    /// The mailboxes of `receiver`.
    pub fn new(receiver: &str, config: &EmailConfig) -> Result<Self, OutputError> {
        let missing = |key| OutputError::NoAddress { receiver: receiver.to_owned(), key };
        if config.server.is_empty() {
            return Err(missing("server"));
        }
        if config.to.is_empty() {
            return Err(missing("to"));
        }
        let domain = mailbox(receiver, "from", &config.from)?;
        for to in &config.to {
            mailbox(receiver, "to", to)?;
        }
        let server = Arc::new(server(receiver, config)?);
        Ok(Self { server, from: config.from.clone(), to: config.to.clone(), domain })
    }
}

/// The domain of a mailbox that can be used.
fn mailbox(receiver: &str, key: &'static str, text: &str) -> Result<String, OutputError> {
    let parsed: Result<lettre::message::Mailbox, _> = text.parse();
    let fault = format!("`{text}` is no mailbox; write one like `ops@contoso.example`");
    parsed.map(|it| it.email.domain().to_owned()).map_err(|_| bad(receiver, key, fault))
}

fn server(receiver: &str, config: &EmailConfig) -> Result<MailServer, OutputError> {
    let login = match (&config.user, &config.password_file) {
        (Some(user), Some(file)) => {
            Some((user.clone(), settings::secret(receiver, "password_file", file)?))
        }
        (None, None) => None,
        (Some(_), None) => return Err(bad(receiver, "user", "needs a `password_file` beside it")),
        (None, Some(_)) => return Err(bad(receiver, "password_file", "needs a `user` beside it")),
    };
    let here = matches!(config.server.as_str(), "localhost" | "127.0.0.1" | "::1");
    if login.is_some() && config.tls == MailTls::None && !here {
        let fault = "`none` would send the password in plain; use `starttls` or `tls`";
        return Err(bad(receiver, "tls", fault));
    }
    let ca = config.ca_file.as_ref().map(|it| settings::secret(receiver, "ca_file", it));
    let ca = ca.transpose()?;
    if let Some(pem) = &ca {
        use lettre::transport::smtp::client::Certificate;
        let broken = |_| bad(receiver, "ca_file", "holds no certificate in PEM");
        Certificate::from_pem(pem.as_bytes()).map_err(broken)?;
        if !pem.contains("-----BEGIN CERTIFICATE-----") {
            return Err(bad(receiver, "ca_file", "holds no certificate in PEM"));
        }
    }
    let usual = match config.tls {
        MailTls::Starttls => 587,
        MailTls::Tls => 465,
        MailTls::None => 25,
    };
    let port = config.port.unwrap_or(usual);
    Ok(MailServer { host: config.server.clone(), port, tls: config.tls, ca, login })
}

impl Output for Email {
    fn name(&self) -> &'static str {
        "email"
    }

    fn render(&self, alert: &Alert) -> Result<Message, RenderError> {
        let severity = brief::label(alert, "severity");
        let summary = brief::summary(alert, SUBJECT, |_| 1);
        Ok(Message::Mail(Box::new(Mail {
            server: Arc::clone(&self.server),
            from: self.from.clone(),
            to: self.to.clone(),
            subject: format!("[{}] {severity}: {summary}", brief::status(alert)),
            id: format!("{}@{}", identity(alert), self.domain),
            thread: format!(
                "incident.{:032x}@{}",
                xxh3_128(alert.incident.as_bytes()),
                self.domain
            ),
            text: text(alert),
            html: html(alert),
        })))
    }
}

/// The same for the same word, another for every other.
fn identity(alert: &Alert) -> String {
    let count = brief::note(alert, "count");
    let seen = brief::note(alert, "last_seen");
    let severity = brief::label(alert, "severity");
    let reason = alert.reason.as_str();
    let word =
        format!("{}\n{reason}\n{severity}\n{}\n{count}\n{seen}", alert.incident, alert.starts_at);
    format!("{:032x}", xxh3_128(word.as_bytes()))
}

fn text(alert: &Alert) -> String {
    let mut out = format!("{}\n{}\n", brief::summary(alert, SUBJECT, |_| 1), brief::state(alert));
    for part in brief::parts(alert, BODY, BODY, |_| 1) {
        let lines = part.text.lines().map(|it| format!("  {it}\n")).collect::<String>();
        out.push_str(&format!("\n{}\n{lines}", part.title));
    }
    out.push('\n');
    for (title, fact) in brief::facts(alert) {
        out.push_str(&format!("{title}: {fact}\n"));
    }
    for (title, url) in brief::links(alert) {
        out.push_str(&format!("{title}: {url}\n"));
    }
    out
}

fn html(alert: &Alert) -> String {
    let summary = escaped(&brief::summary(alert, SUBJECT, |_| 1));
    let state = escaped(&brief::state(alert));
    let mut out = format!(
        "<!DOCTYPE html>\n<html><body style=\"font-family:sans-serif\">\n\
         <h2>{summary}</h2>\n<p>{state}</p>\n"
    );
    for part in brief::parts(alert, BODY, BODY, size) {
        let text = escaped(&part.text).replace('\n', "<br>\n");
        out.push_str(&format!("<h3>{}</h3>\n<p>{text}</p>\n", part.title));
    }
    out.push_str("<table>\n");
    for (title, fact) in brief::facts(alert) {
        out.push_str(&format!("<tr><td>{title}</td><td>{}</td></tr>\n", escaped(&fact)));
    }
    out.push_str("</table>\n");
    for (title, url) in brief::links(alert) {
        out.push_str(&format!("<p><a href=\"{}\">{title}</a></p>\n", escaped(url)));
    }
    out.push_str("</body></html>\n");
    out
}

/// The text with all characters escaped that HTML knows.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            it => out.push(it),
        }
    }
    out
}

/// Characters behind the escaping.
fn size(character: char) -> usize {
    match character {
        '&' | '\'' => 5,
        '<' | '>' => 4,
        '"' => 6,
        '\n' => 5,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;
    use crate::outputs::tests::{alert, golden, huge, sly};

    #[test]
    fn the_mails_stay_as_they_are() {
        golden("email-firing", &email().render(&alert(Reason::FirstSeen)).unwrap());
        golden("email-resolved", &email().render(&alert(Reason::Resolved)).unwrap());
    }

    #[test]
    fn words_of_a_log_are_inert() {
        let mail = mail(&sly());
        assert!(!mail.subject.contains(['\r', '\n']), "{}", mail.subject);
        assert!(!mail.text.contains('\r'), "{}", mail.text);
        assert!(!mail.html.contains("<script") && !mail.html.contains("<!channel"));
        assert!(!mail.html.contains("href=\"javascript"), "{}", mail.html);
        assert!(mail.html.contains("&lt;script&gt;"), "{}", mail.html);
    }

    #[test]
    fn a_mail_stays_small_and_cause_and_steps_survive() {
        let mail = mail(&huge());
        assert!(mail.subject.chars().count() < 220);
        for body in [&mail.text, &mail.html] {
            assert!(body.len() < 100_000, "{}", body.len());
            assert!(body.contains("CCC") && body.contains("1. Step"), "{body}");
        }
    }

    #[test]
    fn the_same_word_has_the_same_identity() {
        let first = mail(&alert(Reason::FirstSeen));
        let mut later = alert(Reason::FirstSeen);
        later.ends_at = None;
        assert_eq!(mail(&later).id, first.id);
        let over = mail(&alert(Reason::Resolved));
        assert_ne!(over.id, first.id);
        assert_eq!(over.thread, first.thread);
    }

    #[test]
    #[rustfmt::skip]
    fn what_cannot_be_sent_is_refused() {
        // configuration                                     what is said
        check("{}",                                          "receiver `a` has no address; set `server:`");
        check("{ server: h, from: s@h.example }",            "receiver `a` has no address; set `to:`");
        check("{ server: h, from: nobody, to: [a@b.example] }",
              "receiver `a`: `from` `nobody` is no mailbox; write one like `ops@contoso.example`");
        check("{ server: h, from: s@h.example, to: ['x\r\nBcc: y'] }",
              "receiver `a`: `to` `x Bcc: y` is no mailbox; write one like `ops@contoso.example`");
        check("{ server: h, from: s@h.example, to: [a@b.example], user: u }",
              "receiver `a`: `user` needs a `password_file` beside it");
        check("{ server: h, from: 'Watch <s@h.example>', to: [a@b.example] }", "fine");
    }

    #[test]
    fn a_password_does_not_travel_in_plain_and_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("p");
        std::fs::write(&file, "geheim\n").unwrap();
        let text = |server: &str| {
            format!(
                "{{ server: {server}, tls: none, from: a@b.example, to: [a@b.example], user: u, password_file: '{}' }}",
                file.display()
            )
        };
        check(
            &text("mail.contoso.example"),
            "receiver `a`: `tls` `none` would send the password in plain; use `starttls` or `tls`",
        );
        let email = Email::new("a", &serde_saphyr::from_str(&text("127.0.0.1")).unwrap()).unwrap();
        let message = email.render(&alert(Reason::FirstSeen)).unwrap();
        assert!(!format!("{email:?} {message:?}").contains("geheim"));
        assert_eq!(email.server.login.as_ref().unwrap().1, "geheim");
    }

    #[track_caller]
    fn check(yaml: &str, expected: &str) {
        let config: EmailConfig = serde_saphyr::from_str(yaml).unwrap();
        let actual = Email::new("a", &config).map_or_else(|it| it.to_string(), |_| "fine".into());
        assert_eq!(actual, expected);
    }

    fn mail(alert: &Alert) -> Mail {
        let Ok(Message::Mail(mail)) = email().render(alert) else { panic!("not a mail") };
        *mail
    }

    fn email() -> Email {
        let yaml = "{ server: mail.contoso.example, from: shirwatch@contoso.example, to: [ops@contoso.example] }";
        Email::new("mail", &serde_saphyr::from_str(yaml).unwrap()).unwrap()
    }
}
