use super::*;

#[test]
fn an_error_bears_the_code_of_the_documented_list_and_a_text_for_people() {
    let text = || "What is wrong.".to_owned();
    for (error, code, message) in [
        (Error::ParseFailed(text()), "GRAPHQL_PARSE_FAILED", "What is wrong."),
        (
            Error::ValidationFailed(text()),
            "GRAPHQL_VALIDATION_FAILED",
            "What is wrong.",
        ),
        (
            Error::OperationResolution(text()),
            "OPERATION_RESOLUTION_FAILURE",
            "What is wrong.",
        ),
        (Error::BadUserInput(text()), "BAD_USER_INPUT", "What is wrong."),
        (Error::BadCursor(text()), "BAD_CURSOR", "What is wrong."),
        (Error::Unauthenticated(text()), "UNAUTHENTICATED", "What is wrong."),
        (Error::Forbidden(text()), "FORBIDDEN", "What is wrong."),
        (Error::TooComplex(text()), "QUERY_TOO_COMPLEX", "What is wrong."),
        (Error::TooDeep(text()), "QUERY_TOO_DEEP", "What is wrong."),
        (
            Error::IntrospectionDisabled,
            "INTROSPECTION_DISABLED",
            "/schema.graphql",
        ),
        (Error::RateLimited(17), "RATE_LIMITED", "try again in 17 s."),
        (Error::PayloadTooLarge(text()), "PAYLOAD_TOO_LARGE", "What is wrong."),
        (
            Error::PersistedQueryNotFound,
            "PERSISTED_QUERY_NOT_FOUND",
            "PersistedQueryNotFound",
        ),
        (Error::PersistedQueryRequired, "PERSISTED_QUERY_REQUIRED", "documentId"),
        (
            Error::Timeout,
            "TIMEOUT",
            "Where it was a mutation, it may have happened",
        ),
        (Error::Unavailable(text()), "UNAVAILABLE", "What is wrong."),
        (Error::internal(text()), "INTERNAL", "Something went wrong on our side."),
    ] {
        assert_eq!(error.code(), code);
        assert!(error.message().contains(message), "{code}: {}", error.message());
    }
}

#[test]
fn nothing_of_the_inside_shows_in_the_message_of_a_fault_of_ours() {
    let error = Error::internal("no such table: secret");
    assert!(!error.message().contains("secret"), "{}", error.message());
    assert!(matches!(error, Error::Internal(cause) if &*cause == "no such table: secret"));
}
