namespace DpSpark.Vectors.Dp;

/// <summary>A case of a known operation with an input that the libraries do not cover.</summary>
/// <param name="message">What is not covered.</param>
internal sealed class UnsupportedCaseException(string message) : Exception(message);
