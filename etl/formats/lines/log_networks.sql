-- Own addresses as ranges: IPv4 as integers, IPv6 as 32 hexadecimal digits. `is_own(ip)` is true for loopback and for
-- what lies in one of the organisation's networks. Own domains and services are words between commas.
create or replace temp macro ipv4_number(ip) as
    coalesce(try_cast(split_part(ip, '.', 1) as bigint), -1) * 16777216 + coalesce(try_cast(split_part(ip, '.', 2) as bigint), 0) * 65536
    + coalesce(try_cast(split_part(ip, '.', 3) as bigint), 0) * 256 + coalesce(try_cast(split_part(ip, '.', 4) as bigint), 0);

create or replace temp macro hex_groups(part) as
    case when part = '' then '' else list_aggregate(
        list_transform(string_split(part, ':'), lambda word: lpad(lower(word), 4, '0')), 'string_agg', '') end;

create or replace temp macro ipv6_digits(ip) as
    case
        when contains(ip, '::') then hex_groups(split_part(ip, '::', 1))
            || repeat('0', greatest(32 - length(hex_groups(split_part(ip, '::', 1))) - length(hex_groups(split_part(ip, '::', 2))), 0))
            || hex_groups(split_part(ip, '::', 2))
        else hex_groups(ip)
    end;

create or replace temp macro is_own(ip) as
    case
        when ip is null or ip = '' then false
        when starts_with(ip, '127.') or ip = '::1' then true
        when not getvariable('has_networks') then false
        when contains(ip, ':') then len(list_filter(getvariable('own_ipv6')::varchar[],
            lambda bounds: ipv6_digits(ip) between bounds[1:32] and bounds[33:64])) > 0
        else len(list_filter(getvariable('own_ipv4')::bigint[][],
            lambda bounds: ipv4_number(ip) between bounds[1] and bounds[2])) > 0
    end;

-- The domain of an address as partner_domain has it: `<>` for the null sender, `Unknown` where there is none.
create or replace temp macro domain_of(address) as
    case
        when contains(address, '@') and not ends_with(address, '@') then
            case
                when address like '%@%@%' or ends_with(address, '.') then rtrim(lower(split_part(address, '@', -1)), '.')
                else lower(substr(address, instr(address, '@') + 1))
            end
        when address = '' or address = '<>' then '<>'
        else 'Unknown'
    end;

create or replace temp macro is_own_domain(domain) as case
    when not contains(getvariable('own_domains'), domain) then false
    else contains(getvariable('own_domains'), ',' || domain || ',')
end;

-- Whether the settings name a service as internal: by its whole name, or by a part of it (`reinject` in
-- `postfix/reinject/smtpd`).
create or replace temp macro is_internal_service(service) as
    getvariable('has_internal_services')
    and (contains(getvariable('internal_services'), ',' || service || ',')
        or contains(getvariable('internal_services'), ',' || split_part(service, '/', 1) || ',')
        or contains(getvariable('internal_services'), ',' || split_part(service, '/', 2) || ','));

-- An address as 128 bits of a keyed hash. The domain's case does not tell addresses apart, the local part's does.
create or replace temp macro one_case(address) as case
    when lower(address) = address or not contains(address, '@') then address
    else left(address, instr(address, '@')) || lower(substr(address, instr(address, '@') + 1))
end;
create or replace temp macro address_key(address) as
    unhex(md5(getvariable('hash_key') || 'address' || one_case(address)));

-- The same at half the cost, for a log that names an address on every other line: key, letter and most addresses fill one
-- block of MD5, and a number needs no digits.
create or replace temp macro address_number(address) as
    md5_number(getvariable('identity_key') || 'a' || one_case(address))::uuid;

-- A message's size as told; what is negative, or more than any message, is none.
create or replace temp macro size_of(word) as
    case when try_cast(word as bigint) between 0 and 1000000000000 then try_cast(word as bigint) end;
