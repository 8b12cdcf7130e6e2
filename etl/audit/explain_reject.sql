-- Why one record of a landed file was rejected, from its rejects.
select reason from read_parquet($file) where record = $record;
