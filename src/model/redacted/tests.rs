//! The forms of secrets, one a row; and laws that hold for all of them.

use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;
use shirwatch_parsers::{Context, Link, Record, Run};

use super::*;
use crate::model::finding::{Category, Cause, Fault, Matched, Severity};
use crate::model::fingerprint::Fingerprint;

#[test]
#[rustfmt::skip]
fn a_secret_goes_and_its_key_stays() {
    // input, and what is left of it; «» stands for the label
    check("Registering SHIR node with the node key: IR@00000000-0000-0000-0000-000000000000@adf-contoso@we@FAKE=",
          "Registering SHIR node with the node key: «»");
    check("service with key IR@a78d19e5-a432-5d96-b17d-6b03e3b83581@adf@FAKE= and time",
          "service with key «» and time");
    check("service with key *************** and time cost is: 0.12",
          "same");
    check("AccountName=st;AccountKey=FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF==;EndpointSuffix=core.windows.net",
          "AccountName=st;AccountKey=«»;EndpointSuffix=core.windows.net");
    check("key FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF== leaked",
          "key «» leaked");
    check("https://st.blob.core.windows.net/a.csv?sv=2024&sig=FAKE%3D&sp=rl",
          "https://st.blob.core.windows.net/a.csv?sv=2024&sig=«»&sp=rl");
    check(r#"{"url":"https://st/c?sv=1\u0026sig=FAKE%3D\u0026sp=r"}"#,
          r#"{"url":"https://st/c?sv=1\u0026sig=«»\u0026sp=r"}"#);
    check("<Data>https://st/c?sv=1&amp;sig=FAKE%3D&amp;sp=r</Data>",
          "<Data>https://st/c?sv=1&amp;sig=«»&amp;sp=r</Data>");
    check("u=https%3A%2F%2Fst%3Fsv%3D1%26sig%3DFAKE%26sp%3Dr",
          "u=https%3A%2F%2Fst%3Fsv%3D1%26sig%3D«»%26sp%3Dr");
    check("Server=s;User ID=u;Password=FAKE;pa''ss;Encrypt=True",
          "Server=s;User ID=u;Password=«»;Encrypt=True");
    check("Driver={X};Uid=u;Pwd={FAKE;pass}};word};",
          "Driver={X};Uid=u;Pwd={«»};");
    check(r#"Password="FAKE;""x"";y";Encrypt=True"#,
          r#"Password="«»";Encrypt=True"#);
    check("Password='FAKE''x';Encrypt=True",
          "Password='«»';Encrypt=True");
    check("Host=h;Password=FAKEPASS",
          "Host=h;Password=«»");
    check("password = FAKEPASS, user = x",
          "password = «», user = x");
    check("SharedAccessKeyName=Root;SharedAccessKey=FFFF=",
          "SharedAccessKeyName=Root;SharedAccessKey=«»");
    check("Authorization: Bearer FAKEHEADER.FAKEPAYLOAD.FAKESIGNATURE",
          "Authorization: Bearer «»");
    check(r#"{"headers":{"Authorization":"Bearer FAKEHEADER.FAKEPAYLOAD"}}"#,
          r#"{"headers":{"Authorization":"Bearer «»"}}"#);
    check("Authorization: Basic RkFLRTpGQUtF",
          "Authorization: Basic «»");
    check("sent Bearer FAKE123456 to it",
          "sent Bearer «» to it");
    check("Basic authentication is off, Bearer authorization_uri=https://x",
          "same");
    check("Bearer authentication failed. Authorization failed for user",
          "same");
    check("client_id=0&client_secret=FAKE~SECRET&resource=https%3A",
          "client_id=0&client_secret=«»&resource=https%3A");
    check(r#"dmgcmd.exe -SwitchServiceAccount "CONTOSO\svc_ir" "FAKEPASS""#,
          r#"dmgcmd.exe -SwitchServiceAccount "CONTOSO\svc_ir" "«»""#);
    check(r#"dmgcmd.exe -GenerateBackupFile "D:\b\ir.pfx" "FAKEPASS" -x"#,
          r#"dmgcmd.exe -GenerateBackupFile "D:\b\ir.pfx" "«»" -x"#);
    check("dmgcmd -RegisterNewNode FAKEKEY NODE-1",
          "dmgcmd -RegisterNewNode «» NODE-1");
    check(r#"dmgcmd.exe -Key "FAKEKEY""#,
          r#"dmgcmd.exe -Key "«»""#);
    check("http://proxyuser:FAKEPASS@proxy.contoso.example:8888/",
          "http://proxyuser:«»@proxy.contoso.example:8888/");
    check("net.tcp://node-1:8060/ExternalService.svc/ someone@contoso.example",
          "same");
    check(r#"{\"Password\":\"FA\\\"KE\",\"User\":\"u\"}"#,
          r#"{\"Password\":\"«»\",\"User\":\"u\"}"#);
    check(r#"{"password":"FA\"KE\\","user":"u"}"#,
          r#"{"password":"«»","user":"u"}"#);
    check(r#"""password"":""FAKE"",""a"":1"#,
          r#"""password"":""«»"",""a"":1"#);
    check(r#""password": {"type": "SecureString", "value": "FAKE"}"#,
          r#""password": {"type": "SecureString", "value": "«»"}"#);
    check(r#""password": {"type": "SecureString", "value": "**********"}"#,
          "same");
    check("<Password>FAKE</Password>",
          "<Password>«»</Password>");
    check("&lt;Password&gt;FAKE&lt;/Password&gt;",
          "&lt;Password&gt;«»&lt;/Password&gt;");
    check(r#"<add key="Password" value="FAKE"/>"#,
          r#"<add key="Password" value="«»"/>"#);
    check("run.ps1 -Password FAKE -Name x",
          "run.ps1 -Password «» -Name x");
    check("the sql-password is wrong, the password, too",
          "same");
    check("Failed to get the secret: the request was refused",
          "same");
    check("Failed to get the secret from key vault, secretName: sql-password, secretVersion: ,",
          "same");
    check("CREDENTIAL=(IDENTITY='SAS',SECRET='FAKE')",
          "CREDENTIAL=(IDENTITY='SAS',SECRET='«»')");
    check(r#"{"access_token":"FAKEFAKEFAKE","token_type":"x"}"#,
          r#"{"access_token":"«»","token_type":"x"}"#);
    check("next?pageToken=RkFLRUZBS0U&top=1",
          "next?pageToken=«»&top=1");
    check("Unexpected token: } at 1; unexpected token: identifier",
          "same");
    check("Culture=neutral, PublicKeyToken=b77a5c561934e089'",
          "same");
    check("body eyJhbGciOiJub25lIn0.eyJzdWIiOiJmYWtlIn0.c2ln end",
          "body «» end");
    check(r#"x-functions-key: FAKE1234\r\n"#,
          r#"x-functions-key: «»\r\n"#);
    check(r#"Password=;User=u, password: null, Password="""#,
          "same");
    check("Password=[redacted:secret];x",
          "same");
    check("-----BEGIN PRIVATE KEY-----\nFAKE\n-----END PRIVATE KEY-----",
          "-----BEGIN PRIVATE KEY-----«»-----END PRIVATE KEY-----");
    check("Kennwort steht nicht da: Wert 'ä'; Passwort=FAKEä;",
          "Kennwort steht nicht da: Wert 'ä'; Passwort=«»;");
}

#[track_caller]
fn check(input: &str, expected: &str) {
    let expected = if expected == "same" { input } else { expected };
    let expected = expected.replace("«»", "[redacted:secret]");
    let once = Redactor::default().text(input);
    assert_eq!(once, expected);
    assert_eq!(Redactor::default().text(&once), once, "redacting twice changes nothing");
}

#[test]
fn no_text_of_a_finding_is_forgotten() {
    const SECRET: &str = "Password=FAKEPASS;";
    let text = || Cow::Borrowed(SECRET);
    let link = Link {
        error_code: Some(text()),
        type_name: Some(text()),
        message: text(),
        source: Some(text()),
        details: vec![(text(), text())],
        stack_trace: Some(text()),
        embedded: vec![Link { message: text(), ..Link::default() }],
    };
    let context = Context {
        factory: Some(text()),
        pipeline: Some(text()),
        pipeline_run_id: Some(text()),
        activity: Some(text()),
        activity_run_id: Some(text()),
        activity_type: Some(text()),
        integration_runtime: Some(text()),
        node: Some(text()),
        correlation_id: Some(text()),
        job_id: Some(text()),
        connector: Some(text()),
        last_connect: None,
    };
    let record = Record {
        time_raw: Some(text()),
        context,
        failure_type: Some(text()),
        code: Some(text()),
        message: text(),
        chain: vec![link],
        run: Some(Run { status: text(), seconds: None }),
        ..Record::default()
    };
    let cause = Cause {
        cause: SECRET.into(),
        when: Some(SECRET.into()),
        resolution: vec![SECRET.into()],
        verify: Some(SECRET.into()),
        ours: false,
    };
    let finding = Finding {
        numbers: Vec::new(),
        fingerprint: Fingerprint::of("x", &record),
        record,
        rule: "x".into(),
        category: Category::Unknown,
        severity: Severity::Error,
        fault: Fault::Unknown,
        retryable: None,
        title: SECRET.into(),
        cause: Some(SECRET.into()),
        resolution: vec![SECRET.into()],
        verify: Some(SECRET.into()),
        references: Vec::new(),
        causes: vec![cause],
        matched: Matched { link: None, by: vec![SECRET.into()] },
        also: Vec::new(),
    };
    let before = serde_json::to_string(&finding).unwrap();
    let after = serde_json::to_string(&Redactor::default().redact(finding)).unwrap();
    assert!(!after.contains("FAKEPASS"), "{after}");
    let count = |text: &str, part: &str| text.matches(part).count();
    assert_eq!(count(&after, "[redacted:secret]"), count(&before, "FAKEPASS"));
}

#[test]
fn a_text_without_secrets_is_borrowed() {
    assert!(matches!(Redactor::default().text("Login failed for 'x'."), Cow::Borrowed(_)));
}

#[test]
#[rustfmt::skip]
fn each_level_takes_more() {
    // input                                                  data | name
    levels("contains an invalid value 'FAKE 1'. Cannot convert 'FAKE 1' to type 'Double'.",
           "contains an invalid value '[redacted:data]'. Cannot convert '[redacted:data]' to type 'Double'.",
           "contains an invalid value '[redacted:data]'. Cannot convert '[redacted:data]' to type 'Double'.");
    levels("The duplicate key value is (FAKE (1), 2).",
           "The duplicate key value is ([redacted:data]).",
           "The duplicate key value is ([redacted:data]).");
    levels("Login failed for user 'CONTOSO\\svc'.",
           "Login failed for user 'CONTOSO\\svc'.",
           "Login failed for user '[redacted:name]'.");
    levels("refused it 192.0.2.10:8060",
           "refused it 192.0.2.10:8060",
           "refused it [redacted:name]");
    levels("at net.tcp://node-2:8060/E.svc/ no host node-2.",
           "at net.tcp://node-2:8060/E.svc/ no host node-2.",
           "at net.tcp://[redacted:name] no host [redacted:name].");
    levels("Type=Microsoft.Data.SqlClient.SqlException,Source=System.Net",
           "Type=Microsoft.Data.SqlClient.SqlException,Source=System.Net",
           "Type=Microsoft.Data.SqlClient.SqlException,Source=System.Net");
}

#[track_caller]
fn levels(input: &str, data: &str, name: &str) {
    for (level, expected) in [(RedactionLevel::Data, data), (RedactionLevel::Name, name)] {
        let redactor = Redactor::new(&RedactionConfig { level });
        let once = redactor.text(input);
        assert_eq!(once, expected);
        assert_eq!(redactor.text(&once), once, "redacting twice changes nothing");
    }
}

/// Each form in the shared list loses its secret, where the list is at hand.
#[test]
fn the_shared_forms_lose_what_their_class_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = ["../shared/samples", "../../shared/samples"].map(|it| root.join(it));
    let text = places.iter().find_map(|it| std::fs::read_to_string(it.join("secrets.jsonl")).ok());
    let Some(text) = text else {
        println!("skipped: there is no `shared/samples/secrets.jsonl` beside the repository");
        return;
    };
    for line in text.lines() {
        let form: Value = serde_json::from_str(line).unwrap();
        let (text, class) = (form["text"].as_str().unwrap(), form["class"].as_str().unwrap());
        let at = |level| Redactor::new(&RedactionConfig { level }).text(text).into_owned();
        let changed = [RedactionLevel::Secret, RedactionLevel::Data, RedactionLevel::Name]
            .map(|level| at(level) != text);
        let expected = match class {
            "secret" => [true, true, true],
            "data" => [false, true, true],
            "name" => [false, false, true],
            _ => [false, false, false],
        };
        assert_eq!(changed, expected, "{} {}", form["form"], at(RedactionLevel::Name));
        let left = at(RedactionLevel::Secret);
        assert!(class != "secret" || !left.contains("FAKE") && !left.contains("FFFF"), "{left}");
    }
}

/// Found by the property below.
#[test]
fn what_was_redacted_is_left_as_it_is() {
    let once = Redactor::default().text("Bearer FAKE1password:=sig=").into_owned();
    assert_eq!(once, "Bearer FAKE1password:[redacted:secret]");
    assert_eq!(Redactor::default().text(&once), once);
}

proptest! {
    #[test]
    fn nothing_of_a_secret_is_left(
        secret in "[A-Za-z0-9+/]{12,40}",
        form in prop::sample::select(FORMS.to_vec()),
        before in "[a-z ,.]{0,20}",
    ) {
        let text = format!("{before} {}", form.replace('@', &secret));
        let left = Redactor::default().text(&text);
        prop_assert!(!left.contains(&secret), "{left}");
        prop_assert!(left.contains("[redacted:secret]"));
        prop_assert_eq!(Redactor::default().text(&left), left.clone());
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let redactor = Redactor::new(&RedactionConfig { level: RedactionLevel::Name });
        let once = redactor.text(&text).into_owned();
        prop_assert!(once.len() <= 20 * (text.len() + 1));
    }

    #[test]
    fn marks_in_any_order_make_no_panic(
        parts in prop::collection::vec(prop::sample::select(PARTS.to_vec()), 0..12),
    ) {
        let text = parts.concat();
        let once = Redactor::default().text(&text).into_owned();
        prop_assert_eq!(Redactor::default().text(&once), once.as_str());
    }
}

/// Where a secret may stand; `@` is the secret.
const FORMS: [&str; 12] = [
    "Password=@;Encrypt=True",
    "Pwd={@};",
    r#"{"password":"@"}"#,
    r#"{\"password\":\"@\"}"#,
    r#"{\\\"password\\\":\\\"@\\\"}"#,
    "AccountKey=@==;x",
    "https://x/?sv=1&sig=@&se=2",
    r"https://x/?sv=1\u0026sig=@",
    "Authorization: Bearer @",
    "client_secret=@&x=y",
    "-SwitchServiceAccount \"u\" \"@\"",
    "<password>@</password>",
];

/// Pieces that make readers of quotes stumble.
const PARTS: [&str; 20] = [
    "password", "=", ":", "\"", "\\\"", "'", "{", "}", ";", "ä", "sig=", "Bearer ", "IR@", "eyJ",
    "&amp;", "token", "://", "%26", "FAKE1", " ",
];
