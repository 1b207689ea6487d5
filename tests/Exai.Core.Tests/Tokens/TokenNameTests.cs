using Exai.Core.Tokens;
using Exai.Settings;

namespace Exai.Core.Tests.Tokens;

public sealed class TokenNameTests
{
    [Theory]
    [InlineData("alice", null)]
    [InlineData("alice.b-c_d@example.org", null)]
    [InlineData("7", null)]
    [InlineData("", "0 characters")]
    [InlineData("Alice", "small letter")]
    [InlineData("-alice", "small letter")]
    [InlineData("al ice", "' '")]
    [InlineData("al/ice", "'/'")]
    [InlineData("al,ice", "','")]
    [InlineData("alicé", "'é'")]
    [InlineData("owner", "home's own")]
    public void Name_is_what_stands_in_logs_and_sessions_without_quotes(string name, string? problem)
    {
        if (problem is null)
        {
            TokenName.Problem(name).ShouldBeNull();
        }
        else
        {
            TokenName.Problem(name)!.ShouldContain(problem);
        }
    }

    [Fact]
    public void Name_has_an_end()
    {
        TokenName.Problem(new string('a', 64)).ShouldBeNull();
        TokenName.Problem(new string('a', 65))!.ShouldContain("65");
    }

    [Fact]
    public void Secrets_differ_are_long_and_have_one_hash()
    {
        var (one, other) = (TokenSecret.New(), TokenSecret.New());

        one.ShouldNotBe(other);
        one.ShouldStartWith("exai_");
        one.Length.ShouldBe(5 + 43);
        TokenSecret.Hash(one).ShouldBe(TokenSecret.Hash(one));
        TokenSecret.Hash(one).ShouldNotBe(TokenSecret.Hash(other));
        TokenSecret.Hash("abc").ShouldBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    [Fact]
    public void Secret_is_cut_out_of_what_people_are_shown_names_of_metrics_are_not()
    {
        var redactor = new Redactor([]);

        redactor.Clean($"it had {TokenSecret.New()}, and more").ShouldBe($"it had {Redactor.Hidden}, and more");
        redactor.Clean("exai_link_reconnects_total 3").ShouldBe("exai_link_reconnects_total 3");
    }

    [Theory]
    [InlineData("glm", "glm-4.6", true)]
    [InlineData("GLM", "GLM-4.6", true)]
    [InlineData("glm", "glm-4.6-air", false)]
    [InlineData("work", "glm-4.6", false)]
    [InlineData("kimi", "kimi-k2-turbo", true)]
    [InlineData("kimi", "moonshot-v1", false)]
    [InlineData("ollama", "anything", true)]
    public void Allowance_takes_names_in_full_and_beginnings_with_a_star(string provider, string id, bool allowed) =>
        ModelAllowance.Parse("glm/glm-4.6,kimi/kimi-k2*,ollama/*")!.Allows(provider, id).ShouldBe(allowed);
}
