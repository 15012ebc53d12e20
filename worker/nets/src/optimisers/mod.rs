//! Optimisers: PyTorch's definitions, one pass over each parameter, state that can be stored and restored to the bit.

mod error;
mod in_place;
mod rules;
mod seen;

pub use error::OptimiserError;

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};
use gliss_types::recipe::Optimiser as Settings;

use rules::{Rule, Steps};
use seen::Seen;

/// An optimiser at work on a net's parameters.
#[derive(Debug)]
pub struct Optimiser {
    settings: Settings,
    slots: Vec<Slot>,
    steps: Steps,
}

/// A parameter and what is remembered about it.
#[derive(Debug)]
struct Slot {
    name: String,
    parameter: Var,
    moments: Vec<(&'static str, Var)>,
    /// The loss gains this times the sum of squares of the parameter.
    l2: f64,
    /// Where gradients are gathered, once some have been.
    gathered: Option<Gathered>,
}

/// Gradients of a step that is made in parts.
#[derive(Debug)]
struct Gathered {
    sum: Tensor,
    /// Whether it holds some of this step.
    some: bool,
}

impl Optimiser {
    /// An optimiser that has made no step. `parameters` are those of [`crate::Network::parameters`].
    ///
    /// # Errors
    /// The device has no room.
    pub fn new(settings: &Settings, parameters: &[(String, Var)]) -> Result<Optimiser, OptimiserError> {
        let first = Rule::first(&settings.method);
        let slot = |(name, parameter): &(String, Var)| {
            let moments = Rule::moments(&settings.method).iter().map(|&moment| {
                let values = parameter.zeros_like().and_then(|zeros| zeros.affine(0.0, first));
                let values = values.and_then(|values| Var::from_tensor(&values));
                values.map(|values| (moment, values)).map_err(|source| OptimiserError::at(name, source))
            });
            Ok(Slot {
                name: name.clone(),
                parameter: parameter.clone(),
                moments: moments.collect::<Result<_, _>>()?,
                l2: 0.0,
                gathered: None,
            })
        };
        let slots = parameters.iter().map(slot).collect::<Result<_, OptimiserError>>()?;
        Ok(Optimiser { settings: settings.clone(), slots, steps: Steps::NONE })
    }

    /// The same with the L2 coefficients of the parameters, in their order ([`crate::Network::l2`]); 0 for those
    /// without. As with Keras's `regularizers.l2(v)` the loss gains `v` times the sum of squares of the weights, so
    /// their gradients gain `2 v` times the weights, and are clipped with it. That comes on top of the settings' own
    /// weight decay.
    pub fn with_l2(mut self, l2: &[f64]) -> Self {
        self.slots.iter_mut().zip(l2).for_each(|(slot, l2)| slot.l2 = *l2);
        self
    }

    /// Moves every parameter by its gradient, at rate `lr` (from [`crate::schedules::lr_at`]); the settings' own rate
    /// is not looked at. The gradient of a parameter that had no part in the loss is missing, and it stays as it is.
    /// Gradients are clipped as the settings say, by norm as `torch.nn.utils.clip_grad_norm_` does: those of all
    /// parameters are multiplied by `min(1, clip_norm / (norm + 1e-6))`.
    ///
    /// # Errors
    /// A gradient of another shape or number type than its parameter's; a norm to clip by that is not finite, and then
    /// nothing has moved.
    pub fn step(&mut self, gradients: &GradStore, lr: f64) -> Result<(), OptimiserError> {
        let of_slot = |slot: &Slot| slot.contiguous(gradients);
        let gradients = self.slots.iter().map(of_slot).collect::<Result<Vec<_>, _>>()?;
        self.step_by(&gradients, lr)
    }

    /// Adds `share` times these gradients to those that [`Optimiser::step_gathered`] will step by: for a batch that
    /// goes through the net in parts, each with the share of its examples. Then the sum is the gradient of the whole
    /// batch's mean loss.
    ///
    /// # Errors
    /// As for [`Optimiser::step`]; the device has no room.
    pub fn gather(&mut self, gradients: &GradStore, share: f64) -> Result<(), OptimiserError> {
        for slot in &mut self.slots {
            let Some(gradient) = slot.contiguous(gradients)? else { continue };
            let at = |source| OptimiserError::at(&slot.name, source);
            let gathered = match &mut slot.gathered {
                Some(gathered) => gathered,
                none => none.insert(Gathered { sum: slot.parameter.zeros_like().map_err(at)?, some: false }),
            };
            in_place::gather(&gathered.sum, &gradient, share, !gathered.some).map_err(at)?;
            gathered.some = true;
        }
        Ok(())
    }

    /// A step by the gradients that were gathered since the last one.
    ///
    /// # Errors
    /// As for [`Optimiser::step`].
    pub fn step_gathered(&mut self, lr: f64) -> Result<(), OptimiserError> {
        let take = |slot: &mut Slot| {
            let gathered = slot.gathered.as_mut()?;
            std::mem::take(&mut gathered.some).then(|| gathered.sum.clone())
        };
        let gradients: Vec<_> = self.slots.iter_mut().map(take).collect();
        self.step_by(&gradients, lr)
    }

    /// A step by the gradients of the slots.
    fn step_by(&mut self, gradients: &[Option<Tensor>], lr: f64) -> Result<(), OptimiserError> {
        let scale = match self.settings.clip_norm {
            None => 1.0,
            Some(limit) => (limit / (self.norm(gradients)? + 1e-6)).min(1.0),
        };
        let method = &self.settings.method;
        self.steps = self.steps.next(method);
        let rule = Rule::at(method, self.steps, lr);
        let decay = Rule::decay(method);
        for (slot, gradient) in self.slots.iter().zip(gradients) {
            let Some(gradient) = gradient else { continue };
            let seen = Seen { scale, l2: 2.0 * slot.l2, decay, limit: self.settings.clip_value };
            let moments: Vec<&Tensor> = slot.moments.iter().map(|(_, moment)| moment.as_tensor()).collect();
            let updated = in_place::update(rule, seen, &slot.parameter, &moments, gradient);
            updated.map_err(|source| OptimiserError::at(&slot.name, source))?;
        }
        Ok(())
    }

    /// The norm of all gradients together, summed in f64 in the order of the parameters.
    fn norm(&self, gradients: &[Option<Tensor>]) -> Result<f64, OptimiserError> {
        let pairs = self.slots.iter().zip(gradients);
        let norm = f64::sqrt(self.squares(pairs.filter_map(|(slot, gradient)| Some((slot, gradient.as_ref()?))))?);
        if norm.is_finite() { Ok(norm) } else { Err(OptimiserError::Norm { norm }) }
    }

    /// The sum of the squares of gradients.
    fn squares<'a>(&self, of: impl Iterator<Item = (&'a Slot, &'a Tensor)>) -> Result<f64, OptimiserError> {
        let of: Vec<_> = of.collect();
        #[cfg(feature = "cuda")]
        if let Some((first, _)) = of.first()
            && first.parameter.device().is_cuda()
        {
            let all: Vec<_> =
                of.iter().map(|(slot, gradient)| (slot.parameter.as_tensor(), *gradient, 2.0 * slot.l2)).collect();
            let squares = in_place::squares_on_gpu(&all).map_err(|source| OptimiserError::at(&first.name, source))?;
            return Ok(squares.into_iter().sum());
        }
        let squares = of.into_iter().map(|(slot, gradient)| {
            let squares = in_place::squares(&slot.parameter, gradient, 2.0 * slot.l2);
            squares.map_err(|source| OptimiserError::at(&slot.name, source))
        });
        squares.sum()
    }

    /// Steps made.
    pub fn steps(&self) -> u64 {
        self.steps.made
    }

    /// What is remembered, as `<parameter>.<moment>`, in a fixed order. Tensors are copies: later steps do not change
    /// them. Gradients that were gathered and not stepped by are not among it.
    ///
    /// # Errors
    /// The device has no room for the copies.
    pub fn state(&self) -> Result<Vec<(String, Tensor)>, OptimiserError> {
        let mut state = Vec::new();
        for Slot { name, moments, .. } in &self.slots {
            for (moment, values) in moments {
                let copy = values.as_detached_tensor().copy().map_err(|source| OptimiserError::at(name, source))?;
                state.push((format!("{name}.{moment}"), copy));
            }
        }
        Ok(state)
    }

    /// Takes back what [`Optimiser::state`] gave, with the number of steps made by then. `find` yields a tensor by its
    /// name. On an error nothing has changed but moments before the one that is named.
    ///
    /// # Errors
    /// A tensor that is missing, or of another shape or number type.
    pub fn load_state(&mut self, steps: u64, find: impl Fn(&str) -> Option<Tensor>) -> Result<(), OptimiserError> {
        for Slot { name, moments, .. } in &self.slots {
            for (moment, values) in moments {
                let name = format!("{name}.{moment}");
                let Some(stored) = find(&name) else { return Err(OptimiserError::Missing { name }) };
                if stored.shape() != values.shape() || stored.dtype() != values.dtype() {
                    let (got, expected) = (stored.dims().to_vec(), values.dims().to_vec());
                    return Err(OptimiserError::Unlike { name, got, expected });
                }
                let put = stored.to_device(values.device()).and_then(|stored| values.set(&stored));
                put.map_err(|source| OptimiserError::at(&name, source))?;
            }
        }
        self.steps = Steps::after(steps, &self.settings.method);
        Ok(())
    }
}

impl Slot {
    /// The parameter's gradient with its values in a row; none if it had no part in the loss.
    fn contiguous(&self, gradients: &GradStore) -> Result<Option<Tensor>, OptimiserError> {
        let gradient = gradients.get(&self.parameter).map(Tensor::contiguous).transpose();
        gradient.map_err(|source| OptimiserError::at(&self.name, source))
    }
}
