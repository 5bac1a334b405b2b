namespace DpSpark.Core.Noise;

/// <summary>A source of uniform 64-bit words: the only unit in which samplers consume randomness.</summary>
/// <remarks>Samplers are exact when the words are independent and uniform. <see cref="KeyedStream"/> is the source every release uses.</remarks>
public interface IRandomWords
{
    /// <summary>The next word.</summary>
    ulong NextWord();
}
