# ruff: noqa: E501
"""What the Slurm back end makes of the recordings: by case and moment, and by version where they differ.

`python -m tests.unit.backends.slurm_recordings` prints what it makes of them now.
"""

from __future__ import annotations

from collections.abc import Mapping

Table = Mapping[tuple[str, str], str | Mapping[str, str]]  # (case, moment): the text, or version or versions: the text

SIGHTINGS: Table = {
    ("array", "pending"): {"20.11": "PENDING: queued (JobArrayTaskLimit)", "22.05": "PENDING: queued"},
    ("array", "running"): {"20.11 22.05": "PENDING: queued (JobArrayTaskLimit)"},
    ("array", "ended"): {"20.11 22.05": "FAILED: exit 2 (NonZeroExitCode)"},
    ("begin_time", "pending"): {"20.11 22.05": "PENDING: queued (BeginTime)"},
    ("cancel_pending", "ended"): {"20.11 22.05": "CANCELLED: cancelled (by alice)"},
    ("cancel_pending_eligible", "ended"): {"20.11 22.05": "CANCELLED: cancelled (by alice)"},
    ("cancel_running", "ended"): {"20.11 22.05": "CANCELLED: cancelled (by alice)"},
    ("cancel_running_by_root", "ended"): {"20.11 22.05": "CANCELLED: cancelled (by root)"},
    ("cancel_running_cgroup", "ended"): {"20.11 22.05": "CANCELLED: cancelled (by alice)"},
    ("cancel_words", "after"): {
        "20.11 22.05": "CANCELLED: cancelled (JobHeldUser), in poll 3 | PENDING: held (JobHeldUser)"
    },
    ("cancel_words", "after several"): {"20.11 22.05": "CANCELLED: cancelled (JobHeldUser), in poll 3"},
    ("cancel_words", "after by name"): {
        "20.11": "CANCELLED: cancelled (JobHeldUser), in poll 3",
        "22.05": "CANCELLED: cancelled (by alice)",
    },
    ("completing", "completing"): {"20.11 22.05": "COMPLETING: running (NonZeroExitCode)"},
    ("completing", "ended"): {"20.11 22.05": "FAILED: exit 3 (NonZeroExitCode)"},
    ("completing", "completing after scancel"): {"20.11 22.05": "COMPLETING: running"},
    ("controller_down", "controller down"): {
        "20.11 22.05": "BackendError: squeue exited with 1: slurm_load_jobs error: Unable to contact slurm controller (connect failure)"
    },
    ("controller_down", "controller back"): {"20.11 22.05": "PENDING: held (JobHeldUser)"},
    ("controller_down_bare", "controller down"): {
        "20.11 22.05": "BackendError: squeue exited with 1: slurm_load_jobs error: Unable to contact slurm controller (connect failure)"
    },
    ("controller_down_bare", "controller back"): {"20.11 22.05": "PENDING: held (JobHeldUser)"},
    ("controller_frozen", "controller frozen"): {
        "20.11 22.05": "BackendError: squeue exited with 1: slurm_load_jobs error: Socket timed out on send/recv operation"
    },
    ("controller_frozen", "controller goes on"): {"20.11 22.05": "CANCELLED: cancelled (by alice)"},
    ("database_down", "slurmdbd down"): {
        "20.11": "CANCELLED: cancelled (JobHeldUser), in poll 3",
        "22.05": "PENDING: held (JobHeldUser)",
    },
    ("database_down", "slurmdbd down, ended"): {"20.11 22.05": "COMPLETED: ok 0"},
    ("database_down", "slurmdbd back"): {"20.11 22.05": "COMPLETED: ok 0"},
    ("deadline", "ended"): {"20.11 22.05": "DEADLINE: walltime (DeadLine)"},
    ("dependency", "waits"): {"20.11 22.05": "PENDING: queued (Dependency)"},
    ("dependency", "never satisfied"): {"20.11 22.05": "PENDING: held (DependencyNeverSatisfied)"},
    ("dependency", "ended"): {"20.11 22.05": "CANCELLED: cancelled (DependencyNeverSatisfied)"},
    ("exit_139", "ended"): {"20.11 22.05": "FAILED: exit 139 (NonZeroExitCode)"},
    ("exit_7", "ended"): {"20.11 22.05": "FAILED: exit 7 (NonZeroExitCode)"},
    ("exit_7", "ended 15 s ago"): {"20.11 22.05": "FAILED: exit 7 (NonZeroExitCode)"},
    ("exit_7_bare", "ended"): {"20.11 22.05": "FAILED: exit 7 (NonZeroExitCode)"},
    ("exit_7_bare", "ended 15 s ago"): {"20.11 22.05": "FAILED: exit 7 (NonZeroExitCode)"},
    ("formats", "all of the back end"): {"20.11 22.05": "PENDING: held (JobHeldUser)"},
    ("held", "held by user"): {"20.11 22.05": "PENDING: held (JobHeldUser)"},
    ("held", "held by administrator"): {"20.11 22.05": "PENDING: held (JobHeldAdmin)"},
    ("held", "released by user"): {"20.11 22.05": "PENDING: held (JobHeldAdmin)"},
    ("held", "ended"): {"20.11 22.05": "CANCELLED: cancelled (by alice)"},
    ("impossible", "accepted: too many nodes"): {"20.11 22.05": "RUNNING: running"},
    ("impossible", "accepted: too many processors"): {"20.11 22.05": "PENDING: held (PartitionConfig)"},
    ("impossible", "accepted: too many processors for the nodes"): {"20.11 22.05": "PENDING: held (PartitionConfig)"},
    ("impossible_bare", "accepted: too many nodes"): {
        "20.11": "RUNNING: running",
        "22.05": "PENDING: queued (Priority)",
    },
    ("interpreter_missing", "ended"): {"20.11 22.05": "FAILED: exit 2 (NonZeroExitCode)"},
    ("launch_failed_held", "held"): {"20.11 22.05": "PENDING: held (launch failed requeued held), run 1"},
    ("launch_failed_no_requeue", "after"): {"20.11": "COMPLETED: ok 0", "22.05": "CANCELLED: cancelled, in poll 3"},
    ("licenses", "pending"): {"20.11 22.05": "PENDING: queued (Licenses)"},
    ("limits_of_accounts", "waits for a QOS"): {"20.11 22.05": "PENDING: queued (QOSMaxJobsPerUserLimit)"},
    ("limits_of_accounts", "waits for an association"): {"20.11 22.05": "PENDING: queued (AssocMaxJobsLimit)"},
    ("memory", "ended"): {"20.11 22.05": "FAILED: signal by 9 (JobLaunchFailure), in poll 3"},
    ("memory_cgroup", "ended"): {"20.11 22.05": "OUT_OF_MEMORY: memory (OutOfMemory)"},
    ("memory_cgroup_child", "ended"): {"20.11 22.05": "OUT_OF_MEMORY: memory (OutOfMemory)"},
    ("munge_down", "munge down"): {"20.11 22.05": "BackendError: slurm_load_jobs error: Protocol authentication error"},
    ("munge_down", "munge back"): {"20.11 22.05": "PENDING: held (JobHeldUser)"},
    ("munge_down_bare", "munge down"): {
        "20.11 22.05": "BackendError: slurm_load_jobs error: Protocol authentication error"
    },
    ("munge_down_bare", "munge back"): {"20.11 22.05": "PENDING: held (JobHeldUser)"},
    ("never_runs", "too many nodes"): {"20.11 22.05": "RUNNING: running"},
    ("never_runs", "too many nodes, 6 s later"): {"20.11 22.05": "RUNNING: running"},
    ("never_runs", "too long"): {"20.11 22.05": "PENDING: held (PartitionTimeLimit)"},
    ("never_runs", "too long, 6 s later"): {"20.11 22.05": "PENDING: held (PartitionTimeLimit)"},
    ("never_runs", "node drained"): {"20.11 22.05": "PENDING: queued (ReqNodeNotAvail, UnavailableNodes)"},
    ("never_runs", "node drained, 6 s later"): {"20.11 22.05": "PENDING: queued (ReqNodeNotAvail, UnavailableNodes)"},
    ("never_runs", "partition drained"): {"20.11 22.05": "PENDING: queued (ReqNodeNotAvail, UnavailableNodes)"},
    ("never_runs", "partition drained, 6 s later"): {
        "20.11 22.05": "PENDING: queued (Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions)"
    },
    ("never_runs", "partition down"): {"20.11 22.05": "PENDING: queued (PartitionDown)"},
    ("never_runs", "partition down, 6 s later"): {"20.11 22.05": "PENDING: queued (PartitionDown)"},
    ("node_fail", "ended"): {"20.11 22.05": "NODE_FAIL: node (NodeDown)"},
    ("node_fail_requeue", "requeued"): {"20.11 22.05": "PENDING: queued (BeginTime), run 1"},
    ("node_fail_requeue", "running again"): {"20.11 22.05": "RUNNING: running, run 1"},
    ("node_fail_requeue", "failed again"): {"20.11 22.05": "PENDING: queued, run 2"},
    ("node_fail_requeue", "ended"): {
        "20.11": "CANCELLED: cancelled, run 2, in poll 3",
        "22.05": "CANCELLED: cancelled (by alice), run 2",
    },
    ("node_killed", "daemon gone"): {"20.11 22.05": "RUNNING: running"},
    ("node_killed", "ended"): {"20.11 22.05": "NODE_FAIL: node (NodeDown)"},
    ("output_not_writable", "ended"): {
        "20.11": "FAILED: exit 1 (NonZeroExitCode)",
        "22.05": "FAILED: node (the node n1 could not open the job's directory or its output file)",
    },
    ("output_not_writable", "ended (2)"): {
        "20.11": "FAILED: exit 1 (NonZeroExitCode)",
        "22.05": "FAILED: node (the node n1 could not open the job's directory or its output file)",
    },
    ("preempted", "ended"): {"20.11 22.05": "PREEMPTED: preempted"},
    ("preempted_requeue", "requeued"): {"20.11 22.05": "PENDING: queued (BeginTime), run 1"},
    ("preempted_requeue", "ended"): {"20.11 22.05": "CANCELLED: cancelled (by alice), run 1"},
    ("purged", "ended"): {"20.11 22.05": "COMPLETED: ok 0 | FAILED: exit 7 (NonZeroExitCode)"},
    ("purged", "purged"): {"20.11 22.05": "COMPLETED: ok 0"},
    ("purged", "purged, two"): {"20.11 22.05": "COMPLETED: ok 0 | FAILED: exit 7"},
    ("purged", "purged and alive"): {"20.11 22.05": "COMPLETED: ok 0 | PENDING: held (JobHeldUser)"},
    ("refused", "accepted: too many nodes"): {"20.11 22.05": "PENDING: held (JobHeldUser)"},
    ("refused", "accepted: too many processors"): {"20.11 22.05": "PENDING: held (JobHeldUser)"},
    ("refused", "accepted: too much memory"): {"20.11 22.05": "PENDING: held (JobHeldUser)"},
    ("refused", "accepted: unknown dependency"): {"20.11 22.05": "PENDING: held (JobHeldUser)"},
    ("refused_bare", "accepted: too many nodes"): {"20.11 22.05": "PENDING: held (JobHeldUser)"},
    ("refused_bare", "accepted: too much memory"): {"20.11 22.05": "PENDING: held (JobHeldUser)"},
    ("refused_bare", "accepted: unknown dependency"): {"20.11 22.05": "PENDING: held (JobHeldUser)"},
    ("refused_limits", "accepted: nodes above the partition's limit"): {
        "20.11": "RUNNING: running",
        "22.05": "PENDING: queued (Priority)",
    },
    ("refused_limits", "accepted: partition down"): {"20.11 22.05": "PENDING: queued (PartitionDown)"},
    ("refused_limits", "accepted: all nodes drained"): {
        "20.11 22.05": "PENDING: queued (ReqNodeNotAvail, UnavailableNodes)"
    },
    ("requeue", "requeued"): {"20.11 22.05": "PENDING: queued (BeginTime), run 1"},
    ("requeue", "ended"): {"20.11 22.05": "CANCELLED: cancelled (by alice), run 1"},
    ("requeue_hold", "requeued and held"): {"20.11 22.05": "PENDING: held (job requeued in held state), run 1"},
    ("requeue_hold", "special exit"): {"20.11 22.05": "SPECIAL_EXIT: held (job requeued in held state), run 1"},
    ("requeue_refused", "after"): {"20.11 22.05": "RUNNING: running"},
    ("resources_and_priority", "pending"): {
        "20.11": "PENDING: queued (Priority) | PENDING: queued (Priority)",
        "22.05": "PENDING: queued (Resources) | PENDING: queued (Priority)",
    },
    ("signal_segv", "ended"): {"20.11 22.05": "FAILED: signal by 11 (JobLaunchFailure)"},
    ("stopped", "stopped"): {"20.11 22.05": "STOPPED: suspended"},
    ("stopped", "ended"): {"20.11 22.05": "CANCELLED: cancelled (by alice)"},
    ("success", "running"): {"20.11 22.05": "RUNNING: running"},
    ("success", "ended"): {"20.11 22.05": "COMPLETED: ok 0"},
    ("success_bare", "running"): {"20.11 22.05": "RUNNING: running"},
    ("success_bare", "ended"): {"20.11 22.05": "COMPLETED: ok 0"},
    ("success_cgroup", "running"): {"20.11 22.05": "RUNNING: running"},
    ("success_cgroup", "ended"): {"20.11 22.05": "COMPLETED: ok 0"},
    ("suspended", "suspended"): {"20.11 22.05": "SUSPENDED: suspended"},
    ("suspended", "ended"): {"20.11 22.05": "COMPLETED: ok 0"},
    ("timeout", "ended"): {"20.11 22.05": "TIMEOUT: walltime (TimeLimit)"},
    ("timeout_cgroup", "ended"): {"20.11 22.05": "TIMEOUT: walltime (TimeLimit)"},
    ("timeout_trapped", "ended"): {"20.11 22.05": "TIMEOUT: walltime (TimeLimit)"},
    ("unknown", "unknown only"): {"20.11 22.05": "unknown, in poll 3"},
    ("unknown", "two unknown"): {"20.11 22.05": "unknown, in poll 3 | unknown, in poll 3"},
    ("unknown", "known and unknown"): {"20.11 22.05": "PENDING: held (JobHeldUser) | unknown, in poll 3"},
    ("unknown", "unknown and known"): {"20.11 22.05": "unknown, in poll 3 | PENDING: held (JobHeldUser)"},
    ("unknown", "two known, one unknown"): {
        "20.11 22.05": "PENDING: held (JobHeldUser) | PENDING: held (JobHeldUser) | unknown, in poll 3"
    },
    ("unknown", "user without jobs"): {"20.11 22.05": "PENDING: held (JobHeldUser) | unknown, in poll 3"},
    ("unknown_bare", "unknown only"): {"20.11 22.05": "unknown"},
    ("unknown_bare", "two unknown"): {"20.11 22.05": "unknown | unknown"},
    ("unknown_bare", "known and unknown"): {"20.11 22.05": "PENDING: held (JobHeldUser) | unknown"},
    ("unknown_bare", "unknown and known"): {"20.11 22.05": "unknown | PENDING: held (JobHeldUser)"},
    ("unknown_bare", "two known, one unknown"): {
        "20.11 22.05": "PENDING: held (JobHeldUser) | PENDING: held (JobHeldUser) | unknown"
    },
    ("unknown_bare", "user without jobs"): {"20.11 22.05": "PENDING: held (JobHeldUser) | unknown"},
    ("working_directory_missing", "ended"): {"20.11 22.05": "COMPLETED: ok 0"},
}

SUBMISSIONS: Table = {
    (
        "clusters",
        "sbatch -M, unknown cluster",
    ): "Refused: No cluster 'nope' known by database.; 'nope' can't be reached now, or it is an invalid entry for --cluster.  Use 'sacctmgr list clusters' to see available clusters.",
    (
        "clusters_bare",
        "submit",
    ): "Later (cluster): Problem talking to database; 'testcl' can't be reached now, or it is an invalid entry for --cluster.  Use 'sacctmgr list clusters' to see available clusters.",
    (
        "clusters_bare",
        "sbatch -M, unknown cluster",
    ): "Later (cluster): Problem talking to database; 'nope' can't be reached now, or it is an invalid entry for --cluster.  Use 'sacctmgr list clusters' to see available clusters.",
    ("controller_down", "controller down"): "Later (cluster): Unable to contact slurm controller (connect failure)",
    (
        "controller_down_bare",
        "controller down",
    ): "Later (cluster): Unable to contact slurm controller (connect failure)",
    ("controller_frozen", "controller frozen"): "Doubt: Socket timed out on send/recv operation",
    ("database_down", "slurmdbd down"): {
        "20.11 22.05": "Later (cluster): slurm_persist_conn_open_without_init: failed to open persistent connection to host:127.0.0.1:26819: Connection refused; Sending PersistInit msg: Connection refused; DBD_GET_CLUSTERS failure: Connection refused; Problem talking to database; There is a problem talking to the database: Connection refused.  Only local cluster communication is available, remove --cluster from your command line or contact your admin to resolve the problem.",
        "24.11 26.05": "Later (cluster): _open_persist_conn: failed to open persistent connection to host:127.0.0.1:26819: Connection refused; Sending PersistInit msg: Connection refused; DBD_GET_CLUSTERS failure: Connection refused; Problem talking to database; There is a problem talking to the database: Connection refused.  Only local cluster communication is available, remove --cluster from your command line or contact your admin to resolve the problem.",
    },
    (
        "impossible",
        "too much memory",
    ): "Refused: Memory specification can not be satisfied; Requested node configuration is not available",
    (
        "impossible",
        "too much memory for each processor",
    ): "Refused: Memory specification can not be satisfied; Requested node configuration is not available",
    ("impossible", "more licenses than there are"): "Refused: Invalid license specification",
    ("impossible_bare", "too many processors"): "Refused: More processors requested than permitted",
    (
        "impossible_bare",
        "too much memory",
    ): "Refused: Memory specification can not be satisfied; Requested node configuration is not available",
    (
        "impossible_bare",
        "too much memory for each processor",
    ): "Refused: Memory specification can not be satisfied; Requested node configuration is not available",
    ("impossible_bare", "too many processors for the nodes"): "Refused: More processors requested than permitted",
    ("impossible_bare", "more licenses than there are"): "Refused: Invalid license specification",
    (
        "limits_of_accounts",
        "refused: MaxSubmitJobs of the association",
    ): "Later (destination): AssocMaxSubmitJobLimit; Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
    (
        "limits_of_accounts",
        "refused: MaxSubmitJobsPerUser of the QOS",
    ): "Later (destination): QOSMaxSubmitJobPerUserLimit; Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
    ("max_job_count", "MaxJobCount reached"): {
        "20.11 22.05 24.11": "Later (cluster): Slurm temporarily unable to accept job; Resource temporarily unavailable",
        "26.05": "Later (cluster): Slurm job queue full; MaxJobCount limit reached",
    },
    ("max_job_count", "MaxJobCount reached, killed while it waits"): {
        "20.11 22.05 24.11": "Doubt: sbatch has not answered for 180 s: Slurm temporarily unable to accept job",
        "26.05": "Doubt: sbatch has not answered for 180 s: Slurm job queue full",
    },
    ("munge_down", "munge down"): {
        "20.11": 'Later (cluster): If munged is up, restart with --num-threads=10; Munge encode failed: Failed to access "/run/munge/munge.socket.2": No such file or directory; slurm_send_node_msg: g_slurm_auth_create: REQUEST_PERSIST_INIT has authentication error: Invalid authentication credential; slurm_persist_conn_open: failed to send persistent connection init message to 127.0.0.1:26819; Sending PersistInit msg: Protocol authentication error; DBD_GET_CLUSTERS failure: Protocol authentication error; Problem talking to database; There is a problem talking to the database: Protocol authentication error.  Only local cluster communication is available, remove --cluster from your command line or contact your admin to resolve the problem.',
        "22.05": 'Later (cluster): If munged is up, restart with --num-threads=10; Munge encode failed: Failed to access "/run/munge/munge.socket.2": No such file or directory (Did you start munged?); slurm_send_node_msg: auth_g_create: REQUEST_PERSIST_INIT has authentication error; slurm_persist_conn_open: failed to send persistent connection init message to 127.0.0.1:26819; Sending PersistInit msg: Protocol authentication error; DBD_GET_CLUSTERS failure: Protocol authentication error; Problem talking to database; There is a problem talking to the database: Protocol authentication error.  Only local cluster communication is available, remove --cluster from your command line or contact your admin to resolve the problem.',
        "24.11 26.05": 'Later (cluster): If munged is up, restart with --num-threads=10; Munge encode failed: Failed to access "/run/munge/munge.socket.2": No such file or directory (Did you start munged?); slurm_buffers_pack_msg: auth_g_create: REQUEST_PERSIST_INIT has authentication error; slurm_persist_conn_open: failed to send persistent connection init message to 127.0.0.1:26819; Sending PersistInit msg: Protocol authentication error; DBD_GET_CLUSTERS failure: Protocol authentication error; Problem talking to database; There is a problem talking to the database: Protocol authentication error.  Only local cluster communication is available, remove --cluster from your command line or contact your admin to resolve the problem.',
    },
    ("munge_down_bare", "munge down"): {
        "20.11": 'Later (cluster): If munged is up, restart with --num-threads=10; Munge encode failed: Failed to access "/run/munge/munge.socket.2": No such file or directory; slurm_send_node_msg: g_slurm_auth_create: REQUEST_SUBMIT_BATCH_JOB has authentication error: Invalid authentication credential; Protocol authentication error',
        "22.05": 'Later (cluster): If munged is up, restart with --num-threads=10; Munge encode failed: Failed to access "/run/munge/munge.socket.2": No such file or directory (Did you start munged?); slurm_send_node_msg: auth_g_create: REQUEST_SUBMIT_BATCH_JOB has authentication error; Protocol authentication error',
        "24.11 26.05": 'Later (cluster): If munged is up, restart with --num-threads=10; Munge encode failed: Failed to access "/run/munge/munge.socket.2": No such file or directory (Did you start munged?); slurm_buffers_pack_msg: auth_g_create: REQUEST_SUBMIT_BATCH_JOB has authentication error; Protocol authentication error',
    },
    ("never_runs", "partition inactive"): "Later (destination): Required partition not available (inactive or drain)",
    ("refused", "unknown partition"): "Refused: invalid partition specified: nope; Invalid partition name specified",
    ("refused", "partition draining"): "Later (destination): Required partition not available (inactive or drain)",
    ("refused", "group not allowed"): {"20.11 22.05": "Refused: User's group not permitted to use this partition"},
    ("refused", "unknown feature"): "Refused: Invalid feature specification",
    ("refused", "unknown license"): "Refused: Invalid license specification",
    ("refused", "unknown node"): "Refused: Invalid node name specified",
    ("refused", "unknown reservation"): "Refused: Requested reservation is invalid",
    ("refused", "unknown gres"): "Refused: Invalid generic resource (gres) specification",
    ("refused", "unknown option"): "Refused: unrecognized option '--nonsense'",
    ("refused", "bad time"): "Refused: Invalid --time specification",
    ("refused", "bad memory"): "Refused: Invalid --mem specification",
    ("refused", "bad begin"): "Refused: Invalid time specification (pos=0): someday; Invalid --begin specification",
    ("refused", "array too large"): "Refused: Invalid job array specification",
    ("refused", "deadline in the past"): "Refused: Requested time limit is invalid (missing or exceeds some limit)",
    (
        "refused",
        "no #!",
    ): "Refused: This does not look like a batch script.  The first; line must start with #! followed by the path to an interpreter.; For instance: #!/bin/sh",
    ("refused", "empty"): "Refused: Batch script is empty!",
    (
        "refused",
        "DOS line breaks",
    ): "Refused: Batch script contains DOS line breaks (\\r\\n); instead of expected UNIX line breaks (\\n).",
    ("refused", "bad directive"): "Refused: unrecognized option '--nonsense'",
    ("refused", "no-break space in a directive"): "Refused: Invalid directive found in batch script: \xa0--time=5",
    ("refused", "script missing"): "Refused: Unable to open file /nonexistent/script.sh",
    ("refused", "no configuration"): {
        "20.11": "Later (cluster): s_p_parse_file: unable to status file /nonexistent/slurm.conf: No such file or directory, retrying in 1sec up to 60sec; ClusterName needs to be specified; Unable to process configuration file",
        "22.05 24.11 26.05": "Later (cluster): s_p_parse_file: cannot stat file /nonexistent/slurm.conf: No such file or directory, retrying in 1sec up to 60sec; ClusterName needs to be specified; Unable to process configuration file",
    },
    (
        "refused",
        "unknown cluster",
    ): "Refused: No cluster 'nope' known by database.; 'nope' can't be reached now, or it is an invalid entry for --cluster.  Use 'sacctmgr list clusters' to see available clusters.",
    ("refused_accounts", "unknown account"): "Refused: Invalid account or account/partition combination specified",
    ("refused_accounts", "unknown QOS"): "Refused: Invalid qos specification",
    ("refused_accounts", "QOS of others"): "Refused: Invalid qos specification",
    ("refused_accounts", "user without account"): "Refused: Invalid account or account/partition combination specified",
    (
        "refused_bare",
        "unknown partition",
    ): "Refused: invalid partition specified: nope; Invalid partition name specified",
    ("refused_bare", "partition draining"): "Later (destination): Required partition not available (inactive or drain)",
    ("refused_bare", "group not allowed"): "Refused: User's group not permitted to use this partition",
    ("refused_bare", "too many processors"): "Refused: More processors requested than permitted",
    ("refused_bare", "unknown feature"): "Refused: Invalid feature specification",
    ("refused_bare", "unknown license"): "Refused: Invalid license specification",
    ("refused_bare", "unknown node"): "Refused: Invalid node name specified",
    ("refused_bare", "unknown reservation"): "Refused: Requested reservation is invalid",
    ("refused_bare", "unknown gres"): "Refused: Invalid generic resource (gres) specification",
    ("refused_bare", "unknown option"): "Refused: unrecognized option '--nonsense'",
    ("refused_bare", "bad time"): "Refused: Invalid --time specification",
    ("refused_bare", "bad memory"): "Refused: Invalid --mem specification",
    (
        "refused_bare",
        "bad begin",
    ): "Refused: Invalid time specification (pos=0): someday; Invalid --begin specification",
    ("refused_bare", "array too large"): "Refused: Invalid job array specification",
    (
        "refused_bare",
        "deadline in the past",
    ): "Refused: Requested time limit is invalid (missing or exceeds some limit)",
    (
        "refused_bare",
        "no #!",
    ): "Refused: This does not look like a batch script.  The first; line must start with #! followed by the path to an interpreter.; For instance: #!/bin/sh",
    ("refused_bare", "empty"): "Refused: Batch script is empty!",
    (
        "refused_bare",
        "DOS line breaks",
    ): "Refused: Batch script contains DOS line breaks (\\r\\n); instead of expected UNIX line breaks (\\n).",
    ("refused_bare", "bad directive"): "Refused: unrecognized option '--nonsense'",
    ("refused_bare", "no-break space in a directive"): "Refused: Invalid directive found in batch script: \xa0--time=5",
    ("refused_bare", "script missing"): "Refused: Unable to open file /nonexistent/script.sh",
    ("refused_bare", "no configuration"): {
        "20.11": "Later (cluster): s_p_parse_file: unable to status file /nonexistent/slurm.conf: No such file or directory, retrying in 1sec up to 60sec; ClusterName needs to be specified; Unable to process configuration file",
        "22.05 24.11 26.05": "Later (cluster): s_p_parse_file: cannot stat file /nonexistent/slurm.conf: No such file or directory, retrying in 1sec up to 60sec; ClusterName needs to be specified; Unable to process configuration file",
    },
    (
        "refused_bare",
        "unknown cluster",
    ): "Later (cluster): Problem talking to database; 'nope' can't be reached now, or it is an invalid entry for --cluster.  Use 'sacctmgr list clusters' to see available clusters.",
    (
        "refused_limits",
        "time above the partition's limit",
    ): "Refused: Requested time limit is invalid (missing or exceeds some limit)",
    (
        "refused_limits",
        "partition inactive",
    ): "Later (destination): Required partition not available (inactive or drain)",
    ("impossible", "too many nodes"): {"24.11": "Refused: Requested node configuration is not available"},
    ("impossible", "too many processors"): {
        "24.11": "Refused: CPU count per node can not be satisfied; Requested node configuration is not available"
    },
    ("impossible", "too many processors for the nodes"): {
        "24.11": "Refused: Requested node configuration is not available"
    },
    ("impossible_bare", "too many nodes"): {"24.11 26.05": "Refused: More processors requested than permitted"},
    ("refused", "unknown dependency"): {"24.11 26.05": "Refused: Job dependency problem"},
    ("refused_bare", "too many nodes"): {"24.11 26.05": "Refused: More processors requested than permitted"},
    ("refused_bare", "unknown dependency"): {"24.11 26.05": "Refused: Job dependency problem"},
    ("refused_limits", "nodes above the partition's limit"): {
        "24.11 26.05": "Refused: Node count specification invalid"
    },
}

CANCELLATIONS: Table = {
    ("array", "cancel one task"): "done",
    ("cancel_pending", "cancel"): "done",
    ("cancel_pending_eligible", "cancel"): "done",
    ("cancel_running", "cancel"): "done",
    ("cancel_running_by_root", "cancel"): "done",
    ("cancel_running_cgroup", "cancel"): "done",
    ("cancel_words", "cancel finished"): "done",
    ("cancel_words", "cancel unknown"): "done",
    ("cancel_words", "cancel not a number"): "scancel exited with 1: Invalid job id ID",
    (
        "cancel_words",
        "cancel another user's",
    ): "scancel exited with 210: Kill job error on job id ID: Access/permission denied",
    (
        "cancel_words",
        "cancel another user's and mine",
    ): "scancel exited with 210: Kill job error on job id ID: Access/permission denied",
    ("cancel_words", "cancel several, one unknown, one finished"): "done",
    ("cancel_words", "cancel with cluster"): "done",
    ("clusters", "scancel -M"): "done",
    ("clusters", "scancel -M, unknown cluster"): {
        "20.11 22.05": "'nope' can't be reached now, or it is an invalid entry for --cluster.  Use 'sacctmgr list clusters' to see available clusters.",
        "24.11 26.05": "Could not get cluster information",
    },
    ("clusters_bare", "scancel -M"): {
        "20.11 22.05": "'testcl' can't be reached now, or it is an invalid entry for --cluster.  Use 'sacctmgr list clusters' to see available clusters.",
        "24.11 26.05": "Could not get cluster information",
    },
    ("clusters_bare", "scancel -M, unknown cluster"): {
        "20.11 22.05": "'nope' can't be reached now, or it is an invalid entry for --cluster.  Use 'sacctmgr list clusters' to see available clusters.",
        "24.11 26.05": "Could not get cluster information",
    },
    ("completing", "cancel"): "done",
    (
        "controller_down",
        "controller down",
    ): "scancel exited with 8: Kill job error on job id ID: Unable to contact slurm controller (connect failure)",
    (
        "controller_down_bare",
        "controller down",
    ): "scancel exited with 8: Kill job error on job id ID: Unable to contact slurm controller (connect failure)",
    (
        "controller_frozen",
        "controller frozen",
    ): "scancel exited with 140: Kill job error on job id ID: Socket timed out on send/recv operation",
    ("database_down", "slurmdbd down"): "done",
    ("dependency", "cancel"): "done",
    ("held", "cancel"): "done",
    ("munge_down", "munge down"): "Kill job error on job id ID: Protocol authentication error",
    ("munge_down_bare", "munge down"): "Kill job error on job id ID: Protocol authentication error",
    ("node_fail_requeue", "cancel"): "done",
    ("preempted_requeue", "cancel"): "done",
    ("purged", "cancel purged"): "done",
    ("requeue", "cancel"): "done",
    ("requeue_refused", "cancel"): "done",
    ("stopped", "cancel"): "done",
}

FOUND: Table = {
    ("controller_frozen", "controller frozen"): {"20.11 22.05": "BackendError"},
    ("controller_frozen", "controller goes on"): {"20.11 22.05": "0 1"},
    ("finding", "find"): {"20.11 22.05": "0"},
    ("finding", "find, user without jobs"): {"20.11 22.05": ""},
    ("finding_bare", "find"): {"20.11 22.05": "0"},
    ("finding_bare", "find, user without jobs"): {"20.11 22.05": ""},
    ("impossible", "find: too many nodes"): {"20.11 22.05": "0"},
    ("impossible", "accepted: too many nodes"): {"20.11 22.05": "0"},
    ("impossible", "find: too many processors"): {"20.11 22.05": "0 1"},
    ("impossible", "accepted: too many processors"): {"20.11 22.05": "0 1"},
    ("impossible", "find: too much memory"): {"20.11 22.05": "0 1"},
    ("impossible", "find: too much memory for each processor"): {"20.11 22.05": "0 1"},
    ("impossible", "find: too many processors for the nodes"): {"20.11 22.05": "0 1 4"},
    ("impossible", "accepted: too many processors for the nodes"): {"20.11 22.05": "0 1 4"},
    ("impossible", "find: more licenses than there are"): {"20.11 22.05": "0 1 4"},
    ("impossible_bare", "find: too many nodes"): {"20.11 22.05": "0"},
    ("impossible_bare", "accepted: too many nodes"): {"20.11 22.05": "0"},
    ("impossible_bare", "find: too many processors"): {"20.11 22.05": "0"},
    ("impossible_bare", "find: too much memory"): {"20.11 22.05": "0"},
    ("impossible_bare", "find: too much memory for each processor"): {"20.11 22.05": "0"},
    ("impossible_bare", "find: too many processors for the nodes"): {"20.11 22.05": "0"},
    ("impossible_bare", "find: more licenses than there are"): {"20.11 22.05": "0"},
    ("purged", "ended"): {"20.11 22.05": "0 1 2"},
    ("purged", "purged"): {"20.11 22.05": "2"},
    ("purged", "purged, two"): {"20.11 22.05": "2"},
    ("purged", "purged and alive"): {"20.11 22.05": "2"},
    ("stopped", "stopped"): {"20.11": "", "22.05": "0"},
    ("stopped", "ended"): {"20.11 22.05": "0"},
}

LAST_WORDS: Table = {
    ("launch_failed_held", "0"): {"20.11 22.05": "node"},
    ("launch_failed_no_requeue", "0"): {"20.11 22.05": "node"},
    ("memory", "0"): "memory",
    ("memory_cgroup", "0"): "memory",
    ("memory_cgroup_child", "0"): "memory",
    ("node_fail", "0"): "node",
    ("node_fail_requeue", "0"): "node",
    ("preempted", "0"): "preempted",
    ("preempted_requeue", "0"): "preempted",
    ("timeout", "0"): "walltime",
    ("timeout_cgroup", "0"): "walltime",
    ("timeout_trapped", "0"): "walltime",
}

CHECKS: Table = {
    ("clusters", "check"): {
        "20.11": "ok: slurm-wlm 20.11.4 | ok: Slurmctld(primary) at head is UP | ok: accounting is on: who cancelled a job, and how much memory it took, can be told",
        "22.05": "ok: slurm-wlm 22.05.8 | ok: Slurmctld(primary) at head is UP | ok: accounting is on: who cancelled a job, and how much memory it took, can be told",
    },
    ("clusters_bare", "check"): {
        "20.11": "ok: slurm-wlm 20.11.4 | ok: Slurmctld(primary) at head is UP | ok: accounting is off (accounting_storage/none): a job that slurmctld has forgotten (MinJobAge), and who cancelled a job, cannot be asked for",
        "22.05": "ok: slurm-wlm 22.05.8 | ok: Slurmctld(primary) at head is UP | ok: accounting is off (accounting_storage/none): a job that slurmctld has forgotten (MinJobAge), and who cancelled a job, cannot be asked for",
    },
    ("controller_down", "controller down"): {
        "20.11": "ok: slurm-wlm 20.11.4 | not ok: Slurmctld(primary) at head is DOWN",
        "22.05": "ok: slurm-wlm 22.05.8 | not ok: Slurmctld(primary) at head is DOWN",
    },
    ("controller_down_bare", "controller down"): {
        "20.11": "ok: slurm-wlm 20.11.4 | not ok: Slurmctld(primary) at head is DOWN",
        "22.05": "ok: slurm-wlm 22.05.8 | not ok: Slurmctld(primary) at head is DOWN",
    },
    ("controller_frozen", "controller frozen"): {
        "20.11": "ok: slurm-wlm 20.11.4 | not ok: Slurmctld(primary) at head is DOWN",
        "22.05": "ok: slurm-wlm 22.05.8 | not ok: Slurmctld(primary) at head is DOWN",
    },
    ("database_down", "slurmdbd down"): {
        "20.11": "ok: slurm-wlm 20.11.4 | ok: Slurmctld(primary) at head is UP | ok: accounting is on: who cancelled a job, and how much memory it took, can be told",
        "22.05": "ok: slurm-wlm 22.05.8 | ok: Slurmctld(primary) at head is UP | ok: accounting is on: who cancelled a job, and how much memory it took, can be told",
    },
    ("munge_down", "munge down"): {
        "20.11": "ok: slurm-wlm 20.11.4 | not ok: Slurmctld(primary) at head is DOWN",
        "22.05": "ok: slurm-wlm 22.05.8 | not ok: Slurmctld(primary) at head is DOWN",
    },
    ("munge_down_bare", "munge down"): {
        "20.11": "ok: slurm-wlm 20.11.4 | not ok: Slurmctld(primary) at head is DOWN",
        "22.05": "ok: slurm-wlm 22.05.8 | not ok: Slurmctld(primary) at head is DOWN",
    },
}
