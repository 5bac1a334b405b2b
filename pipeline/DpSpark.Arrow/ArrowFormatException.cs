namespace DpSpark.Arrow;

/// <summary>Input is not valid Arrow data, or a compressed block is damaged. The message names what was expected and where, never a value from a row.</summary>
public class ArrowFormatException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong and where.</param>
    /// <param name="inner">Cause, if another exception led here.</param>
    public ArrowFormatException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}

/// <summary>Input is valid as far as it was read, but uses a feature that this library does not support. The message names the feature.</summary>
public sealed class ArrowUnsupportedException : ArrowFormatException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="feature">The missing feature: codec, type, encoding, endianness, nesting.</param>
    public ArrowUnsupportedException(string feature) : base("Not supported: " + feature + ".") => Feature = feature;

    /// <summary>The missing feature.</summary>
    public string Feature { get; }
}
