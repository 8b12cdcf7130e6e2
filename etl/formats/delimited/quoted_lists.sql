-- `members_of`: the members of a list as Exchange's logs write it: semicolons between them; one that holds a semicolon or an
-- apostrophe stands in apostrophes, its own doubled (other writers do not double them). Empty members stay, so lists that
-- belong together keep their places.
create or replace temp macro unquoted_member(member) as case
    when starts_with(member, '''') and ends_with(member, '''') and length(member) > 1
        then replace(member[2:-2], '''''', '''')
    else member
end;
create or replace temp macro members_of(told) as case
    when not contains(told, '''') then string_split(told, ';')
    else list_transform(
        regexp_extract_all(told || ';', '(?s)(''(?:[^'']|'''')*''|[^;]*);', 1), lambda member: unquoted_member(member))
end;
