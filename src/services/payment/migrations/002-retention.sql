create index unmatched_webhooks_by_age on unmatched_webhooks (received_at);
