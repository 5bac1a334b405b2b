using System.Text;

namespace DpSpark.Jobs.Manifest;

/// <summary>Makes texts of a manifest fit to be shown in a message: short, on one line, without control characters.</summary>
internal static class Printable
{
    private const int MaxLength = 60;

    public static string Text(string text, int maxLength = MaxLength)
    {
        var shown = new StringBuilder();
        foreach (var c in text)
        {
            if (shown.Length >= maxLength)
            {
                shown.Append('…');
                break;
            }

            shown.Append(char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' ? '?' : c);
        }

        return shown.ToString();
    }
}
