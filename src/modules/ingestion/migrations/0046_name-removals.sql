-- Removing a source is not a look at it. What was removed before keeps the kind under which it was noted.

alter table ingestion_tasks
  drop constraint ingestion_tasks_kind_check,
  add constraint ingestion_tasks_kind_check check (kind in ('sync', 'upload', 'retry', 'reprocess', 'removal'));
