//! A text in each carrier, escaped as that carrier does.

/// What the carriers that have room for it say beside the text.
pub(crate) const PIPELINE: &str = "nightly";
pub(crate) const ACTIVITY: &str = "Copy orders";
pub(crate) const RUN: &str = "97e70903-46b5-5348-b59b-9889a708b8e4";
pub(crate) const JOB: &str = "8d2c7366-3654-54ac-9289-6e1e556ad936";

const TIME: &str = "2026-11-20T02:14:22.0000000Z";

/// `text` in every carrier.
pub(crate) fn carriers(text: &str) -> Vec<(&'static str, String)> {
    let mut all = service(text);
    all.extend(collectors(text));
    all.extend(windows(text));
    all.extend(texts(text));
    all
}

/// Run records.
fn service(text: &str) -> Vec<(&'static str, String)> {
    let q = json(text);
    let error = format!(
        r#"{{"errorCode":"2200","message":{q},"failureType":"UserError","target":"{ACTIVITY}","details":[]}}"#
    );
    let output = format!(
        r#"{{"errors":[{{"Code":1,"Message":{q},"EventType":0,"Category":5,"Data":{{}},"MsgId":null,"ExceptionType":null,"Source":null,"StackTrace":null,"InnerEventInfos":[]}}],"effectiveIntegrationRuntime":"ir1"}}"#
    );
    let head = format!(
        r#""Level":"4","level":"Informational","time":"{TIME}","category":"ActivityRuns","operationName":"{ACTIVITY} - Failed","status":"Failed","pipelineName":"{PIPELINE}","activityName":"{ACTIVITY}","activityRunId":"{RUN}","effectiveIntegrationRuntime":"ir1","activityType":"Copy""#
    );
    let object =
        format!(r#"{{{head},"properties":{{"Input":{{}},"Output":{{}},"Error":{error}}}}}"#);
    let inner = json(&error);
    let string = format!(r#"{{{head},"properties":{{"Input":"","Output":"","Error":{inner}}}}}"#);
    let properties = json(&format!(r#"{{"Input":"","Output":"","Error":{inner}}}"#));
    let as_text = format!(r#"{{{head},"properties":{properties}}}"#);
    let run = format!(
        r#""activityName":"{ACTIVITY}","activityRunEnd":"{TIME}","activityType":"Copy","activityRunId":"{RUN}","pipelineName":"{PIPELINE}","status":"Failed""#
    );
    let names = [
        "TimeGenerated",
        "Status",
        "ActivityName",
        "PipelineName",
        "ActivityRunId",
        "EffectiveIntegrationRuntime",
        "ErrorCode",
        "ErrorMessage",
        "FailureType",
    ];
    let columns: Vec<String> =
        names.iter().map(|it| format!(r#"{{"name":"{it}","type":"string"}}"#)).collect();
    let columns = columns.join(",");
    vec![
        ("diagnostic objects", object.clone()),
        ("diagnostic texts", string.clone()),
        ("properties in a text", as_text),
        ("records", format!(r#"{{"records":[{object}]}}"#)),
        ("records pretty", format!("{{\n  \"records\": [\n    {string}\n  ]\n}}\n")),
        ("old table", {
            format!(
                r#"{{"TimeGenerated":"{TIME}","Category":"ActivityRuns","status_s":"Failed","pipelineName_s":"{PIPELINE}","activityName_s":"{ACTIVITY}","activityRunId_g":"{RUN}","effectiveIntegrationRuntime_s":"ir1","error_errorCode_s":"2200","error_message_s":{q},"error_failureType_s":"UserError"}}"#
            )
        }),
        ("table", {
            format!(
                r#"{{"tables":[{{"name":"PrimaryResult","columns":[{columns}],"rows":[["{TIME}","Failed","{ACTIVITY}","{PIPELINE}","{RUN}","ir1","2200",{q},"UserError"]]}}]}}"#
            )
        }),
        (
            "REST body",
            format!(
                r#"{{"value":[{{{run},"error":{error},"output":{output}}}],"continuationToken":null}}"#
            ),
        ),
        ("errors of the output", format!(r#"{{{run},"output":{output}}}"#)),
        ("errors of the output in a text", format!(r#"{{{run},"output":{}}}"#, json(&output))),
        ("output alone", output),
        ("error alone", error),
        ("pipeline run", {
            format!(
                r#"{{"runId":"r","pipelineName":"{PIPELINE}","runEnd":"{TIME}","status":"Failed","message":{q}}}"#
            )
        }),
        ("SSIS", {
            format!(
                r#"{{"time":"{TIME}","category":"SSISPackageEventMessages","properties":{{"eventName":"OnError","message":{q}}}}}"#
            )
        }),
    ]
}

/// Events as collectors forward them.
fn collectors(text: &str) -> Vec<(&'static str, String)> {
    let q = json(&body(text));
    let inserts = xml(&body(text));
    let raw = json(&event(&body(text)));
    vec![
        (
            "Get-WinEvent of PowerShell 7",
            format!(
                r#"[{{"Id":0,"Level":2,"LevelDisplayName":"Error","LogName":"L","TimeCreated":"2026-11-20T02:14:22+00:00","MachineName":"node1","Message":{q},"Properties":[{{"Value":{q}}}]}}]"#
            ),
        ),
        (
            "Get-WinEvent of PowerShell 5.1",
            format!(
                r#"{{"Id":0,"Level":2,"LogName":"L","TimeCreated":"\/Date(1795140862000)\/","MachineName":"node1","Message":{q}}}"#
            ),
        ),
        (
            "data of Get-WinEvent",
            format!(
                r#"{{"Id":0,"Level":2,"LogName":"L","TimeCreated":"\/Date(1795140862000)\/","MachineName":"node1","Message":null,"Properties":[{{"Value":{q}}}]}}"#
            ),
        ),
        (
            "NXLog",
            format!(
                r#"{{"EventTime":"2026-11-20 02:14:22","Hostname":"node1","EventType":"ERROR","SeverityValue":4,"SourceName":"L","EventID":0,"Channel":"L","Message":{q}}}"#
            ),
        ),
        (
            "Winlogbeat",
            format!(
                r#"{{"@timestamp":"2026-11-20T02:14:22.000Z","event":{{"code":"0"}},"log":{{"level":"error"}},"message":{q},"winlog":{{"channel":"L","computer_name":"node1","event_id":"0"}}}}"#
            ),
        ),
        (
            "Winlogbeat's original",
            format!(
                r#"{{"@timestamp":"2026-11-20T02:14:22.000Z","event":{{"code":"0","original":{raw}}},"log":{{"level":"error"}},"winlog":{{"channel":"L","computer_name":"node1"}}}}"#
            ),
        ),
        (
            "Fluent Bit",
            format!(
                r#"{{"ProviderName":"L","EventID":0,"Level":2,"TimeCreated":"2026-11-20 03:14:22 +0100","Channel":"L","Computer":"node1","Message":{q},"StringInserts":[{q}]}}"#
            ),
        ),
        (
            "inserts of Fluent Bit",
            format!(
                r#"{{"ProviderName":"L","EventID":0,"Level":2,"TimeCreated":"2026-11-20 02:14:22 +0000","Channel":"L","Computer":"node1","Message":"","StringInserts":[{q}]}}"#
            ),
        ),
        (
            "Vector",
            format!(
                r#"{{"timestamp":"2026-11-20T02:14:22Z","channel":"L","event_id":0,"computer":"node1","level":"Error","level_value":2,"message":{q},"string_inserts":[{q}]}}"#
            ),
        ),
        (
            "OpenTelemetry",
            format!(
                r#"{{"channel":"L","computer":"node1","event_id":{{"id":0,"qualifiers":0}},"level":"Error","message":{q},"provider":{{"name":"L"}},"system_time":"2026-11-20T02:14:22.000000000Z"}}"#
            ),
        ),
        ("XML in JSON", format!(r#"{{"Channel":"L","Message":{raw}}}"#)),
        (
            "Event table",
            format!(
                r#"{{"TimeGenerated":"{TIME}","Source":"L","EventLog":"L","Computer":"node1","EventLevel":1,"EventLevelName":"Error","RenderedDescription":{q},"Type":"Event"}}"#
            ),
        ),
        (
            "parameters of the Event table",
            format!(
                r#"{{"TimeGenerated":"{TIME}","EventLog":"L","Computer":"node1","EventLevel":1,"ParameterXml":{},"Type":"Event"}}"#,
                json(&format!("<Param>{inserts}</Param>"))
            ),
        ),
        (
            "rows of the Event table",
            format!(
                r#"{{"tables":[{{"columns":[{{"name":"TimeGenerated"}},{{"name":"EventLog"}},{{"name":"Computer"}},{{"name":"EventLevel"}},{{"name":"RenderedDescription"}}],"rows":[["{TIME}","L","node1",1,{q}]]}}]}}"#
            ),
        ),
    ]
}

/// Events as Windows writes them, and what the runtime puts in them.
fn windows(text: &str) -> Vec<(&'static str, String)> {
    let q = json(text);
    let info = format!(
        "<LogProperties><ErrorInfo>[{{\"Code\":0,\"Message\":{q},\"ExceptionType\":null,\"InnerEventInfos\":[]}}]</ErrorInfo></LogProperties>"
    );
    let missing = format!(
        "The description for Event ID 0 from source L cannot be found.\r\n\r\nThe following information was included with the event: \r\n\r\n{}\r\n\r\nThe message resource is present but the message was not found in the message table",
        body(text)
    );
    vec![
        ("event", event(&body(text))),
        ("event within a root", format!("<Events>\r\n{}\r\n</Events>", event(&body(text)))),
        (
            "event in double quotes",
            event(&body(text).replace('\'', "\u{1}"))
                .replace('\'', "\"")
                .replace('\u{1}', "&apos;"),
        ),
        ("event without its message file", event(&missing)),
        ("log properties in an event", event(&info)),
        ("text of log properties", format!("<LogProperties><Text>{text}</Text></LogProperties>")),
        ("error info of log properties", info),
    ]
}

/// Text.
fn texts(text: &str) -> Vec<(&'static str, String)> {
    let cell = text.replace('"', "\"\"");
    let shell: Vec<&str> = text.lines().collect();
    vec![
        (
            "session log",
            format!(
                "Timestamp,Level,OperationName,OperationItem,Message\r\n2026-11-20 02:14:22.0000000,Warning,FileSkip,\"a.csv\",\"{cell}\"\r\n"
            ),
        ),
        (
            "row of a session log",
            format!("2026-11-20 02:14:22.0000000, Warning, FileSkip, \"a.csv\", \"{cell}\""),
        ),
        ("text with a trailer", body(text)),
        ("text with a time", format!("2026-11-20 02:14:22 ERROR {text}")),
        ("container", format!("[11/20/2026 02:14:22] {text}")),
        (
            "line of a container",
            format!(
                r#"{{"log":{},"stream":"stdout","time":"{TIME}"}}"#,
                json(&format!("{text}\n"))
            ),
        ),
        ("Format-List", format!("Message : {}", shell.join("\r\n"))),
        (
            "paste from the portal",
            format!(
                "Error code: 2200\nFailure type: UserError\nDetails: {text}\nActivity ID: {RUN}\nPipeline: {PIPELINE}"
            ),
        ),
        (
            "paste of labels",
            format!(
                "Error code\n2200\nFailure type\nUserError\nDetails\n{text}\nActivity name\n{ACTIVITY}"
            ),
        ),
        ("behind words", format!("Copy failed.\r\nException:{text}")),
        (
            "object escaped once more",
            json(&format!(r#"{{"errorCode":"2200","message":{}}}"#, json(text))),
        ),
        (
            "object in a text of an object",
            format!(
                r#"{{"message":{}}}"#,
                json(&format!(r#"{{"error":{{"message":{}}}}}"#, json(text)))
            ),
        ),
    ]
}

/// A text as the runtime logs it, with its trailer.
fn body(text: &str) -> String {
    format!("{text}\r\nJob ID: {JOB}\r\nLog ID: Error")
}

fn event(text: &str) -> String {
    format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='L'/><EventID Qualifiers='0'>0</EventID><Level>2</Level><TimeCreated SystemTime='{TIME}'/><Channel>L</Channel><Computer>node1</Computer></System><EventData><Data>{}</Data></EventData></Event>",
        xml(text)
    )
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#xD;")
}

/// A string of JSON.
pub(crate) fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
