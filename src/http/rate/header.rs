//! How a client is told where it stands: the fields `RateLimit-Policy` and `RateLimit` as in
//! draft-ietf-httpapi-ratelimit-headers-10. The quota counts points of cost, and what was spent comes back evenly.

use actix_web::HttpResponseBuilder;
use actix_web::http::header::HeaderName;

use super::Standing;

/// What the quota is called.
const NAME: &str = "points";

impl Standing {
    /// Tells it in the head of an answer.
    pub fn tell(self, response: &mut HttpResponseBuilder) {
        response
            .insert_header((HeaderName::from_static("ratelimit-policy"), self.policy()))
            .insert_header((HeaderName::from_static("ratelimit"), self.state()));
    }

    /// So many points in so many seconds.
    fn policy(self) -> String {
        format!("\"{NAME}\";q={};w={}", self.quota, self.window_s)
    }

    /// So many points are left, and all of them again after so many seconds.
    fn state(self) -> String {
        format!("\"{NAME}\";r={};t={}", self.remaining, self.reset_s())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_have_the_form_of_the_draft() {
        let standing = Standing {
            quota: 120_000,
            window_s: 60,
            remaining: 119_999,
        };
        assert_eq!(standing.policy(), r#""points";q=120000;w=60"#);
        assert_eq!(standing.state(), r#""points";r=119999;t=1"#);
    }
}
