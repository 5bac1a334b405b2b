namespace DpSpark.Worker.Protocol;

/// <summary>The dialects of the protocol that this worker speaks, by the Spark release that brought them.</summary>
internal enum WireVersion
{
    /// <summary>Spark 4.0: binary task context with port and secret.</summary>
    V40,

    /// <summary>Spark 4.1: binary task context without them.</summary>
    V41,

    /// <summary>Spark 4.2: task context in JSON.</summary>
    V42,

    /// <summary>Spark 4.3 and later: framed header.</summary>
    V43,
}
