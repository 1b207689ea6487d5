using Exai.Settings.Home;

namespace Exai.Settings.Tests.Home;

public sealed class TokenFileTests : IDisposable
{
    private readonly TempHome _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Token_is_made_once_for_its_owner_alone()
    {
        TokenFile.TryRead(_temp.Home).ShouldBeNull();
        var token = TokenFile.ReadOrCreate(_temp.Home);
        token.Length.ShouldBe(43);
        token.ShouldAllBe(c => char.IsAsciiLetterOrDigit(c) || c == '-' || c == '_');
        TokenFile.ReadOrCreate(_temp.Home).ShouldBe(token);
        TokenFile.TryRead(_temp.Home).ShouldBe(token);
        Directory.EnumerateFiles(_temp.Home.Path).ShouldBe([_temp.Home.TokenFile]);
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(_temp.Home.TokenFile).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    [Fact]
    public void Starters_at_the_same_moment_agree_on_one_token()
    {
        for (var round = 0; round < 20; round++)
        {
            File.Delete(_temp.Home.TokenFile);
            var tokens = new string[8];
            using var start = new Barrier(tokens.Length);
            var starters = Enumerable.Range(0, tokens.Length).Select(index => new Thread(() =>
            {
                start.SignalAndWait();
                tokens[index] = TokenFile.ReadOrCreate(_temp.Home);
            })).ToList();
            starters.ForEach(starter => starter.Start());
            starters.ForEach(starter => starter.Join());
            tokens.Distinct().ShouldHaveSingleItem().ShouldBe(File.ReadAllText(_temp.Home.TokenFile).Trim());
        }
    }

    [Fact]
    public void Token_that_changes_is_read_anew()
    {
        TokenFile.ReadOrCreate(_temp.Home);
        OwnerOnlyFile.WriteAllText(_temp.Home.TokenFile, "another-token-of-enough-length\r\n");
        TokenFile.TryRead(_temp.Home).ShouldBe("another-token-of-enough-length");
    }

    /// <summary>Trap 182: a wrong value of a security setting is refused, neither used nor quietly replaced.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("too-short")]
    [InlineData("sixteen or more with spaces")]
    public void Token_file_without_a_usable_token_is_refused(string content)
    {
        File.WriteAllText(_temp.Home.TokenFile, content);
        TokenFile.TryRead(_temp.Home).ShouldBeNull();
        Should.Throw<HomeException>(() => TokenFile.ReadOrCreate(_temp.Home)).Mend.ShouldContain("Delete it");
        File.ReadAllText(_temp.Home.TokenFile).ShouldBe(content);
    }

    [Fact]
    public void Token_in_a_missing_home_is_a_home_problem() =>
        Should.Throw<HomeException>(() => TokenFile.ReadOrCreate(new ExaiHome(_temp.Beside("missing")))).Mend.ShouldContain("EXAI_WS_TOKEN");
}
