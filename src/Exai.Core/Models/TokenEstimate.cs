using Microsoft.Extensions.AI;

namespace Exai.Core.Models;

/// <summary>
/// Roughly how many tokens a text has, without a tokenizer: about four characters a token for Latin letters, digits and code, two for
/// other alphabets, and a little under one for ideographs.
/// </summary>
internal static class TokenEstimate
{
    public static long Of(IEnumerable<ChatMessage> messages) => messages.Sum(message => (long)Of(message.Text));

    public static int Of(string text)
    {
        var quarters = 0L;
        foreach (var character in text)
        {
            quarters += character switch
            {
                < '\u0080' => 1,
                >= '\u2E80' and < '\uD800' => 3,
                _ => 2,
            };
        }

        return (int)((quarters + 3) / 4);
    }
}
