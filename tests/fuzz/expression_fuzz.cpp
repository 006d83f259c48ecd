// Expressions: parsed or refused with a sentence; evaluated with fields of every kind, twice the same,
// and with its negation never both true. Regular expressions are in regex_fuzz.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "common/expression.hpp"

namespace {

using namespace tools;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "violated: %s\n", what);
    std::abort();
}

// A value that depends on the field's name alone.
struct Fields final : ExpressionFields {
    ExpressionValue value(const ExpressionField& field) override {
        switch (field.name.size() % 6) {
        case 0: return {};
        case 1: return ExpressionValue::of(12.5);
        case 2: return ExpressionValue::of(true);
        case 3: return ExpressionValue::of(std::string_view("text"));
        case 4: return {ExpressionValue::Kind::duration, 5e6, {}};
        default: return ExpressionValue::of(std::string_view("42"));
        }
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    for (const auto bare : {Expression::BareField::error, Expression::BareField::condition}) {
        try {
            const Expression expression = Expression::parse(text, bare);
            require(expression.text() == text, "the text is kept");
            Fields fields;
            const auto outcome = expression.evaluate(fields);
            require(expression.evaluate(fields) == outcome, "the same every time");
            const Expression negated = Expression::parse("not (" + text + ")", bare);
            const auto opposite = negated.evaluate(fields);
            require((outcome == Expression::Outcome::unknown) ==
                        (opposite == Expression::Outcome::unknown),
                    "the negation of what is unknown is unknown");
            require(outcome == Expression::Outcome::unknown || outcome != opposite,
                    "the negation is the opposite");
        } catch (const std::invalid_argument& error) {
            require(error.what()[0] != '\0', "a refusal has a sentence");
        }
    }
    return 0;
}
