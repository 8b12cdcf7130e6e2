-- The elements of one JSON array as NDJSON, in its order.
copy (
    select json(json)::varchar as line
    from read_json_objects(getvariable('array_file'), format = 'array', maximum_object_size = 16777216)
) to (getvariable('lines_file')) (format csv, header false, delimiter e'\x01', quote '', escape '');
