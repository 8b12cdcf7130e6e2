-- Records may tell of several recipients (`a;b`), each perhaps with its status behind `##`: spread out, a row each.
create or replace temp view told as
select
    * exclude (recipients),
    trim(split_part(unnest(recipients), '##', 1)) as told_recipient,
    generate_subscripts(recipients, 1) as ordinal
from (
    select
        *,
        case
            when contains(recipient, ';')
                then list_distinct(list_filter(string_split(recipient, ';'), lambda part: trim(part) <> ''))
            else [recipient]
        end as recipients
    from records
    where recipient is null or outcome <> 'used' or trim(replace(recipient, ';', '')) <> '' or recipient = ''
);
