//! What clients enter of requests, parsed into domain forms.
