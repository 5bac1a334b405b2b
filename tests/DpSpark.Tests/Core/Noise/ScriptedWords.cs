using DpSpark.Core.Noise;

namespace DpSpark.Tests.Core.Noise;

/// <summary>Gives the words it was told to give, then fails.</summary>
internal sealed class ScriptedWords(params ulong[] words) : IRandomWords
{
    public int Used { get; private set; }

    public ulong NextWord() => words[Used++];
}
