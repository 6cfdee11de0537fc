use serde_json::json;

use super::*;

fn field(number: u8, value: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(value.len()).unwrap()], value].concat()
}

fn body(kind: &str, spec: &[u8]) -> Vec<u8> {
    let of = [field(1, b"authorization.k8s.io/v1"), field(2, kind.as_bytes())].concat();
    let raw = [field(1, b""), field(2, spec)].concat();
    [MAGIC.to_vec(), field(1, &of), field(2, &raw), field(3, b""), field(4, b"")].concat()
}

#[test]
fn a_question_of_kubectl_is_read() {
    let wanted = [field(1, b"shop"), field(2, b"list"), field(5, b"pods")].concat();
    let review = review(&body("SelfSubjectAccessReview", &field(1, &wanted))).unwrap();
    assert_eq!(
        review,
        json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"namespace": "shop", "verb": "list", "resource": "pods"}},
        })
    );
}

#[test]
fn what_is_cut_short_or_something_else_is_no_review() {
    let whole = body("SelfSubjectRulesReview", &field(1, b"shop"));
    assert_eq!(review(&whole).unwrap()["spec"], json!({"namespace": "shop"}));
    // The last four bytes are the envelope's empty fields, without which it is whole as well.
    for length in 0..whole.len() - 4 {
        assert_eq!(review(&whole[..length]), None, "{length}");
    }
    assert_eq!(review(&body("Pod", b"")), None);
}
