// perfquant as processes: one a participant, then the group.
//
//   nextflow run containers/nextflow/main.nf --bids /data --out /data/derivatives/perfquant [-with-apptainer perfquant.sif]
//
// All write in one output folder, which perfquant keeps whole; what is published is there already.
params.bids = null
params.out = null
params.options = ''

process LIST {
    output: path 'participants.txt'
    script: "perfquant '${params.bids}' '${params.out}' participant --list-participants > participants.txt"
}

process PARTICIPANT {
    tag "sub-${label}"
    cpus 2
    memory '8 GB'
    // 75: stopped, locked or out of memory; the same call continues. 1: a run was refused, which its row in the tables says.
    errorStrategy { task.exitStatus == 75 ? 'retry' : 'terminate' }
    maxRetries 3
    input: val label
    output: val label
    script:
    """
    perfquant '${params.bids}' '${params.out}' participant --participant-label '${label}' \\
      --nprocs ${task.cpus} --mem-mb ${task.memory.toMega()} ${params.options} || [ \$? -eq 1 ]
    """
}

process GROUP {
    input: val labels
    script: "perfquant '${params.bids}' '${params.out}' group"
}

workflow {
    PARTICIPANT(LIST().splitText().map { it.trim() }).collect() | GROUP
}
