using System.Text.Json;

namespace DpSpark.Vectors.Dp;

/// <summary>What the tool can run, by topic and operation.</summary>
internal sealed class OperationTable
{
    private readonly Dictionary<string, Func<JsonElement, JsonElement, object?>> _operations = [];

    /// <summary>Adds an operation of the case's input.</summary>
    internal void Add(string name, Func<JsonElement, object?> operation) => _operations[name] = (input, _) => operation(input);

    /// <summary>Adds an operation that also reads from the expectation which entries of a table are asked for.</summary>
    internal void AddTable(string name, Func<JsonElement, JsonElement, object?> operation) => _operations[name] = operation;

    internal Func<JsonElement, JsonElement, object?>? Find(string topic, string operation) => _operations.GetValueOrDefault(topic + "/" + operation);
}
