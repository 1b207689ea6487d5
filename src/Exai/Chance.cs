using System.Security.Cryptography;

namespace Exai.Cli;

/// <summary>The one place where chance enters the program; everything below gets its source handed in.</summary>
internal static class Chance
{
    public static Random New() => new(RandomNumberGenerator.GetInt32(int.MaxValue));
}
