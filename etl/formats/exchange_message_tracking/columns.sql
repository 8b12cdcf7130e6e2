-- The format's columns, all text, none filled: what a version of the log lacks stays null.
create or replace temp table template (
    date_time varchar, client_ip varchar, server_ip varchar, server varchar, source_context varchar, connector varchar,
    source varchar, event varchar, internal_message_id varchar, message_id varchar, network_message_id varchar,
    recipient varchar, recipient_status varchar, bytes varchar, sender varchar, return_path varchar, direction varchar,
    original_client_ip varchar, record bigint
);
