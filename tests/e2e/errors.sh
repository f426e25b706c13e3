# shellcheck shell=bash
#
# Errors with numbers, as two kinds of logs hold them, and a writer that ends its pieces in the
# middle of a line. Sourced, not run.

# append FILE TEXT: in two pieces, as a writer with a buffer does.
append() {
    local middle=$((${#2} / 2))
    printf '%s' "${2:0:middle}" >>"$1"
    printf '%s' "${2:middle}" >>"$1"
}

plain_error() {
    printf "2026-03-17T06:%02d:%02d.%07dZ Error Copy job execution failed. %s" \
        $(($1 / 60 % 60)) $(($1 % 60)) "$1" "$(chain "$1")"
}

activity_run() {
    printf '{"category":"ActivityRuns","time":"2026-03-17T06:%02d:%02d.%07dZ","level":"Informational","activityRunId":"00000000-0000-4000-8000-%012d","pipelineRunId":"00000000-0000-4000-9000-%012d","resourceId":"/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG-CONTOSO/PROVIDERS/MICROSOFT.DATAFACTORY/FACTORIES/ADF-CONTOSO","pipelineName":"pl_%d","activityName":"Copy","activityType":"Copy","status":"Failed","operationName":"Copy - Failed","properties":{"Error":{"errorCode":"2200","message":"%s","failureType":"UserError","target":"Copy"}}}' \
        $(($1 / 60 % 60)) $(($1 % 60)) "$1" "$1" "$1" $(($1 % 3)) "$(chain "$1")"
}

# Two kinds of errors by turns, each with its number in it.
chain() {
    if (($1 % 2)); then
        printf "ErrorCode=SqlFailedToConnect,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=Cannot connect to SQL Database: 'sql-%d.contoso.example'.,Source=Microsoft.DataTransfer.ClientLibrary,''Type=System.Data.SqlClient.SqlException,Message=Login failed for user 'user_%d'.,Source=.Net SqlClient Data Provider,SqlErrorNumber=18456,Class=14,ErrorCode=-2146232060,State=1,'" "$1" "$1"
    else
        printf "ErrorCode=SftpFailedToConnectToSftpServer,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=Failed to connect to SFTP server 'sftp-%d.contoso.example'.,Source=Microsoft.DataTransfer.ClientLibrary,''Type=Renci.SshNet.Common.SshOperationTimeoutException,Message=Socket read operation has timed out after %d milliseconds.,Source=Renci.SshNet,'" "$1" "$1"
    fi
}
