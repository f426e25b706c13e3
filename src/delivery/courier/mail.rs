//! Speaks SMTP.
//!
//! ```text
//! 250               sent
//! 4xx, no answer    retry: a full mailbox, a greylist, a server that is busy
//! 5xx               refused: no such user, a login that is wrong
//! ```
//!
//! Each mail has a connection of its own, so that a server that hangs holds one mail and no
//! more. Where TLS is asked for and is not to be had, nothing is sent, and it is tried
//! again: a certificate is renewed some day.

use std::time::Duration;

use lettre::AsyncSmtpTransport;
use lettre::AsyncTransport;
use lettre::Tokio1Executor;
use lettre::message::MultiPart;
use lettre::message::header::HeaderName;
use lettre::message::header::HeaderValue;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::Certificate;
use lettre::transport::smtp::client::Tls;
use lettre::transport::smtp::client::TlsParameters;

use crate::delivery::courier::Answer;
use crate::delivery::courier::Failure;
use crate::delivery::courier::FailureKind;
use crate::delivery::courier::SHOWN;
use crate::delivery::courier::root;
use crate::outputs::email::Mail;
use crate::outputs::email::MailServer;
use crate::outputs::email::MailTls;

/// Sends one mail, once.
pub(super) async fn send(mail: &Mail, timeout: Duration) -> Answer {
    let unsaid = |text: String| Answer::Refused { why: failure(FailureKind::Render, text) };
    let message = match mime(mail) {
        Ok(it) => it,
        Err(error) => return unsaid(format!("cannot be written as a mail: {error}")),
    };
    let transport = match transport(&mail.server, timeout) {
        Ok(it) => it,
        Err(error) => return unsaid(format!("cannot set up TLS: {}", root(&error))),
    };
    let door = format!("{:?}", mail.server);
    match tokio::time::timeout(timeout, transport.send(message)).await {
        Ok(Ok(_)) => Answer::Sent,
        Ok(Err(error)) => judge(&door, timeout, &error),
        Err(_) => Answer::Retry { after: None, why: late(&door, timeout) },
    }
}

/// The mail as MIME. The date is that of the sending.
fn mime(mail: &Mail) -> Result<lettre::Message, Box<dyn std::error::Error>> {
    let mut message = lettre::Message::builder()
        .from(mail.from.parse()?)
        .subject(&mail.subject)
        .message_id(Some(format!("<{}>", mail.id)))
        .references(format!("<{}>", mail.thread))
        .in_reply_to(format!("<{}>", mail.thread));
    for to in &mail.to {
        message = message.to(to.parse()?);
    }
    // Nobody's holiday answers it.
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    let message = message.raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
    let both = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
    Ok(message.multipart(both)?)
}

fn transport(
    server: &MailServer,
    timeout: Duration,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, smtp::Error> {
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
        .port(server.port)
        .timeout(Some(timeout));
    if server.tls != MailTls::None {
        let mut tls = TlsParameters::builder(server.host.clone());
        if let Some(pem) = &server.ca {
            tls = tls.add_root_certificate(Certificate::from_pem(pem.as_bytes())?);
        }
        let tls = tls.build_rustls()?;
        let whole = server.tls == MailTls::Tls;
        builder = builder.tls(if whole { Tls::Wrapper(tls) } else { Tls::Required(tls) });
    }
    if let Some((user, password)) = &server.login {
        builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
    }
    Ok(builder.build())
}

/// What the server meant.
fn judge(door: &str, timeout: Duration, error: &smtp::Error) -> Answer {
    let code = error.status().map(|it| format!(" {it}")).unwrap_or_default();
    let said: String = root(error).chars().filter(|it| !it.is_control()).take(SHOWN).collect();
    if error.is_permanent() {
        let text = format!("`{door}` answered{code}: {said}");
        return Answer::Refused { why: failure(FailureKind::Rejected, text) };
    }
    let why = if error.is_transient() {
        failure(FailureKind::ServerError, format!("`{door}` answered{code}: {said}"))
    } else if error.is_timeout() {
        late(door, timeout)
    } else {
        failure(FailureKind::Connection, format!("cannot reach `{door}`: {said}"))
    };
    Answer::Retry { after: None, why }
}

fn late(door: &str, timeout: Duration) -> Failure {
    failure(FailureKind::Timeout, format!("no answer from `{door}` within {timeout:?}"))
}

fn failure(kind: FailureKind, text: String) -> Failure {
    Failure { kind, text }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    use super::*;
    use crate::delivery::courier::tests::summary;

    #[tokio::test]
    #[rustfmt::skip]
    async fn the_answer_decides() {
        // what the server says at which command            what it means
        check("",                                           "sent").await;
        check("RCPT 450 4.2.1 mailbox busy",                "retry server-error").await;
        check("RCPT 550 5.1.1 no such user",                "refused rejected").await;
        check("MAIL 421 4.3.2 closing",                     "retry server-error").await;
        check("MAIL 530 5.7.0 log in first",                "refused rejected").await;
        check("DATA 452 4.3.1 disk is full",                "retry server-error").await;
        check("DATA 554 5.6.0 not that",                    "refused rejected").await;
        check(". 451 4.7.1 greylisted",                     "retry server-error").await;
        check(". 554 5.7.1 it looks like spam",             "refused rejected").await;
        check("EHLO 554 5.7.1 go away",                     "refused rejected").await;
        check("HELLO 554 5.7.1 no service here",            "refused rejected").await;
        check("HELLO 421 4.3.2 too many",                   "retry server-error").await;
        check("MAIL gone",                                  "retry connection").await;
        check("HELLO gone",                                 "retry connection").await;
        check("RCPT silence",                               "retry timeout").await;
        check("HELLO silence",                              "retry timeout").await;
        check("MAIL nonsense",                              "retry connection").await;
    }

    #[tokio::test]
    async fn a_server_without_tls_gets_nothing_where_tls_is_asked_for() {
        let (port, seen) = server("").await;
        let mail = mail(port, MailTls::Starttls);
        assert_eq!(summary(&send(&mail, Duration::from_secs(5)).await), "retry connection");
        assert!(!seen.lock().unwrap().contains("MAIL FROM"));
    }

    #[tokio::test]
    async fn no_server_is_tried_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let answer = send(&mail(port, MailTls::None), Duration::from_secs(5)).await;
        assert_eq!(summary(&answer), "retry connection");
    }

    #[tokio::test]
    async fn a_mail_has_a_thread_two_bodies_and_no_header_of_a_log() {
        let (port, seen) = server("").await;
        let mut mail = mail(port, MailTls::None);
        mail.subject = "ä\r\nBcc: a@b.example".to_owned();
        mail.text = ".\r\n.\nMAIL FROM:<x@y.example>\n".to_owned();
        assert_eq!(send(&mail, Duration::from_secs(5)).await, Answer::Sent);
        let seen = seen.lock().unwrap().clone();
        for header in [
            "Message-ID: <1@contoso.example>\r\n",
            "References: <t@contoso.example>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
            "\r\nDate: ",
        ] {
            assert!(seen.contains(header), "{header} in {seen}");
        }
        assert!(!seen.contains("\r\nBcc:"), "{seen}");
        assert_eq!(seen.matches("\r\nRCPT TO:").count(), 1, "{seen}");
    }

    async fn check(script: &'static str, expected: &str) {
        let (port, _) = server(script).await;
        let timeout = Duration::from_millis(if script.ends_with("silence") { 100 } else { 5000 });
        let answer = send(&mail(port, MailTls::None), timeout).await;
        assert_eq!(summary(&answer), expected, "{script}: {answer:?}");
    }

    fn mail(port: u16, tls: MailTls) -> Mail {
        let host = "127.0.0.1".to_owned();
        Mail {
            server: Arc::new(MailServer { host, port, tls, ca: None, login: None }),
            from: "shirwatch@contoso.example".to_owned(),
            to: vec!["ops@contoso.example".to_owned()],
            subject: "it broke".to_owned(),
            id: "1@contoso.example".to_owned(),
            thread: "t@contoso.example".to_owned(),
            text: "text\n".to_owned(),
            html: "<p>html</p>\n".to_owned(),
        }
    }

    /// A server for one mail that answers one command as the script says, and all others
    /// kindly. Gives its port, and what it heard.
    async fn server(script: &'static str) -> (u16, Arc<Mutex<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&seen);
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read);
            let (at, answer) = script.split_once(' ').unwrap_or_default();
            let mut line = "HELLO\r\n".to_owned();
            let mut in_data = false;
            loop {
                let word = line.split([' ', '\r']).next().unwrap_or_default();
                let kind = match word {
                    "EHLO" => "250-here\r\n250 8BITMIME",
                    "HELLO" => "220 here",
                    "DATA" if !in_data => "354 go on",
                    _ => "250 fine",
                };
                let silent = in_data && line != ".\r\n";
                let answer = if word == at && !silent { answer } else { kind };
                match answer {
                    "gone" => return,
                    "silence" => std::future::pending().await,
                    _ if silent => {}
                    _ => write.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap(),
                }
                in_data = (in_data || word == "DATA")
                    && line != ".\r\n"
                    && !answer.starts_with(['4', '5']);
                line.clear();
                if lines.read_line(&mut line).await.unwrap_or(0) == 0 {
                    return;
                }
                heard.lock().unwrap().push_str(&line);
            }
        });
        (port, seen)
    }
}
