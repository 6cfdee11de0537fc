//! What a Redis client gets.

use super::*;

async fn says(asked: &str) -> String {
    pod("portolan-demo/redis:7").says(6379, asked).await
}

#[tokio::test]
async fn commands() {
    let table = [
        ("PING", "+PONG\r\n"),
        ("ping hello", "$5\r\nhello\r\n"),
        ("ECHO \"two words\"", "$9\r\ntwo words\r\n"),
        ("GET a", "$-1\r\n"),
        ("SET a 1\r\nGET a", "+OK\r\n$1\r\n1\r\n"),
        ("SET a 1\r\nINCR a\r\nINCR b", "+OK\r\n:2\r\n:1\r\n"),
        ("SET a x\r\nINCR a", "+OK\r\n-ERR value is not an integer or out of range\r\n"),
        ("SET a 9223372036854775807\r\nINCR a", "+OK\r\n-ERR value is not an integer or out of range\r\n"),
        ("SET a 1\r\nEXISTS a a b\r\nDEL a b\r\nEXISTS a", "+OK\r\n:2\r\n:1\r\n:0\r\n"),
        (
            "SET user:1 x\r\nSET user:22 x\r\nKEYS user:?\r\nKEYS *2*",
            "+OK\r\n+OK\r\n*1\r\n$6\r\nuser:1\r\n*1\r\n$7\r\nuser:22\r\n",
        ),
        ("KEYS *\r\nDBSIZE", "*0\r\n:0\r\n"),
        ("COMMAND DOCS", "*0\r\n"),
        ("CLIENT SETNAME x\r\nCLIENT GETNAME", "+OK\r\n$-1\r\n"),
        ("SELECT 0\r\nSELECT 1", "+OK\r\n-ERR DB index is out of range\r\n"),
        ("QUIT\r\nPING", "+OK\r\n"),
        ("GET", "-ERR wrong number of arguments for 'get' command\r\n"),
        ("SET a 1 KEEP", "-ERR syntax error\r\n"),
        ("foo bar baz", "-ERR unknown command 'foo', with args beginning with: 'bar' 'baz' \r\n"),
        ("\r\n\r\nPING", "+PONG\r\n"),
        ("ECHO \"open", "-ERR Protocol error: unbalanced quotes in request\r\n"),
        ("*1\r\n$4\r\nPING", "+PONG\r\n"),
        ("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\n\r\n\r\n\r\n*2\r\n$3\r\nGET\r\n$1\r\na", "+OK\r\n$4\r\n\r\n\r\n\r\n"),
        ("*0\r\n*-1\r\nPING", "+PONG\r\n"),
        ("*x\r\nPING", "-ERR Protocol error: invalid multibulk length\r\n"),
        ("*1025", "-ERR Protocol error: invalid multibulk length\r\n"),
        ("*1\r\nPING", "-ERR Protocol error: expected '$', got 'P'\r\n"),
        ("*1\r\n$-1\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        ("*1\r\n$99999999\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
    ];
    for (asked, answer) in table {
        assert_eq!(says(&format!("{asked}\r\n")).await, answer, "{asked}");
    }
    let info = says("INFO\r\n").await;
    assert!(info.contains("\r\nserver_name:web-1\r\n") && info.contains("db0:keys=0"), "{info}");
    let endless = "x".repeat(100_000);
    assert_eq!(says(&endless).await, "-ERR Protocol error: too big inline request\r\n");
}

#[tokio::test]
async fn the_store_is_the_pod_s_and_has_an_end() {
    let pod = pod("portolan-demo/redis:7");
    let word = "x".repeat(1024 * 1024);
    let mut taken = 0;
    for n in 10..30 {
        let asked = format!("*3\r\n$3\r\nSET\r\n$2\r\n{n}\r\n${}\r\n{word}\r\n", word.len());
        match pod.says(6379, &asked).await.as_str() {
            "+OK\r\n" => taken += 1,
            other => assert_eq!(other, "-OOM command not allowed when used memory > 'maxmemory'.\r\n"),
        }
    }
    assert_eq!(taken, 15);
    assert_eq!(pod.says(6379, "DEL 10\r\nSET a 1\r\nDBSIZE\r\n").await, ":1\r\n+OK\r\n:15\r\n");
}
