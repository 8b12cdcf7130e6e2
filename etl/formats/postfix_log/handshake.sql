-- What the words of a TLS line behind its peer say: `TLSv1.3 with cipher NAME (N/M bits) key-exchange …`. A group stands there
-- as `key-exchange X25519 …`, `key-exchange ECDHE (prime256v1) …`, `key-exchange DHE (2048 bits) …`.
create or replace temp macro version_word(handshake) as split_part(handshake, ' ', 1);
create or replace temp macro cipher_word(handshake) as string_split(handshake, ' ')[4];
create or replace temp macro group_word(handshake) as
    case when string_split(handshake, ' ')[7] = 'key-exchange' then
        case
            when starts_with(string_split(handshake, ' ')[9], '(') then
                case when starts_with(string_split(handshake, ' ')[8], 'DH') then 'ffdhe' else '' end
                || trim(string_split(handshake, ' ')[9], '()')
            else string_split(handshake, ' ')[8]
        end
    end;
