SELECT entity_id AS customer_id, observed_at AS event_timestamp FROM labels WHERE name = 'default_next_month'
