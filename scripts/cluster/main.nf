// A job that gxfast plan has cut into shards, by Nextflow (not run by our tests: Nextflow is no Python package):
//   gxfast plan OPTIONS --shards 6 -o DIR
//   nextflow run scripts/cluster/main.nf --dir DIR --shards 6 -resume
// DIR lies on a file system that all nodes see.
process SHARD {
    errorStrategy 'retry'
    maxRetries 3

    input:
    val i

    output:
    val i

    script:
    "gxfast run '${params.dir}' -q --shard ${i}/${params.shards} --threads ${task.cpus}"
}

process MERGE {
    input:
    val done

    script:
    "gxfast merge -q '${params.dir}'"
}

workflow {
    MERGE(SHARD(Channel.of(1..params.shards as int)).collect())
}
