namespace DpSpark.Jobs.Spark.Driver;

/// <summary>An object that lives in the JVM behind a <see cref="JavaGateway"/>.</summary>
/// <param name="Id">What the gateway calls it.</param>
internal sealed record JavaReference(string Id);
